"""The smallest whole program: train a network on MNIST, save it, use it."""

import unstuck

data = unstuck.load_mnist()
network = unstuck.Network([784, 64, 10], hidden="relu", output="softmax", loss="cross_entropy", seed=0)
history = unstuck.train(
    network,
    data,
    epochs=2,
    batch_size=100,
    optimizer=unstuck.SGD(learning_rate=0.2, momentum=0.9),
    schedule="one_cycle",
    validation=10_000,
)
print(f"validation accuracy after each epoch: {history.validation_accuracy}")
print(f"test accuracy: {network.accuracy(data.x_test, data.y_test):.1%}")

unstuck.save(network, "digits.safetensors")
again = unstuck.load("digits.safetensors")
print(f"the first test images show {again.predict(data.x_test[:5])}, truly {data.y_test[:5]}")
