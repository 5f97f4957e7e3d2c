import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

x, y = load_digits(return_X_y=True)
x = (x / 16).astype("float32")
x_train, y_train, x_test, y_test = x[:1400], y[:1400], x[1400:], y[1400:]

train_ds = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(1400).batch(32)

model = tf.keras.Sequential([
    tf.keras.layers.Dense(48, activation="relu"),
    tf.keras.layers.Dense(10),
])
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.Adam(0.003)


@tf.function
def train_step(images, labels):
    with tf.GradientTape() as tape:
        logits = model(images, training=True)
        loss = loss_fn(labels, logits)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for epoch in range(5):
    for images, labels in train_ds:
        loss = train_step(images, labels)
    guess = tf.argmax(model(x_test, training=False), axis=1)
    print(epoch, float(loss), float(np.mean(np.array(guess) == y_test)))
