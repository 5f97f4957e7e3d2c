# ruff: noqa
import numpy as np


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def initialize_parameters(layer_dims):
    parameters = {}
    for l in range(1, len(layer_dims)):
        parameters["W" + str(l)] = np.random.randn(layer_dims[l], layer_dims[l - 1]) / np.sqrt(layer_dims[l - 1])
        parameters["b" + str(l)] = np.zeros((layer_dims[l], 1))
    return parameters


def L_model_forward(X, parameters):
    caches = []
    A = X
    L = len(parameters) // 2
    for l in range(1, L):
        A_prev = A
        Z = np.dot(parameters["W" + str(l)], A_prev) + parameters["b" + str(l)]
        A = np.tanh(Z)
        caches.append((A_prev, Z))
    Z = np.dot(parameters["W" + str(L)], A) + parameters["b" + str(L)]
    caches.append((A, Z))
    return sigmoid(Z), caches


def compute_cost(AL, Y):
    m = Y.shape[1]
    return -np.sum(Y * np.log(AL + 1e-12) + (1 - Y) * np.log(1 - AL + 1e-12)) / m


def L_model_backward(AL, Y, caches, parameters):
    grads = {}
    L = len(caches)
    m = AL.shape[1]
    dZ = AL - Y
    for l in reversed(range(1, L + 1)):
        A_prev = caches[l - 1][0]
        grads["dW" + str(l)] = np.dot(dZ, A_prev.T) / m
        grads["db" + str(l)] = np.sum(dZ, axis=1, keepdims=True) / m
        if l > 1:
            dA = np.dot(parameters["W" + str(l)].T, dZ)
            dZ = dA * (1 - np.power(A_prev, 2))
    return grads


def update_parameters(parameters, grads, learning_rate):
    for l in range(1, len(parameters) // 2 + 1):
        parameters["W" + str(l)] -= learning_rate * grads["dW" + str(l)]
        parameters["b" + str(l)] -= learning_rate * grads["db" + str(l)]


def L_layer_model(X, Y, parameters, learning_rate=0.5, epochs=12, batch=25):
    m = X.shape[1]
    for _ in range(epochs):
        permutation = np.random.permutation(m)
        for i in range(0, m, batch):
            chosen = permutation[i : i + batch]
            AL, caches = L_model_forward(X[:, chosen], parameters)
            grads = L_model_backward(AL, Y[:, chosen], caches, parameters)
            update_parameters(parameters, grads, learning_rate)


def accuracy(X, labels, parameters):
    AL, _ = L_model_forward(X, parameters)
    return np.sum(np.argmax(AL, axis=0) == labels) / len(labels)


def wire(images, labels, images_test, labels_test, seed):
    np.random.seed(seed)
    parameters = initialize_parameters([49, 18, 18, 10])
    X = images.reshape(images.shape[0], -1).T / 255.0
    X_test = images_test.reshape(images_test.shape[0], -1).T / 255.0
    Y = np.eye(10)[labels].T

    def gradients(x, y):
        AL, caches = L_model_forward(x.T, parameters)
        grads = L_model_backward(AL, y.T, caches, parameters)
        return [grads["d" + name] for name in parameters]

    return dict(
        predict=lambda x: L_model_forward(x.T, parameters)[0].T,
        x=X.T,
        targets=Y.T,
        labels=labels,
        x_test=X_test.T,
        labels_test=labels_test,
        parameters=lambda: list(parameters.values()),
        step=lambda x, y: L_layer_model(x.T, y.T, parameters, epochs=1, batch=len(x)),
        gradients=gradients,
        loss=lambda x, y: compute_cost(L_model_forward(x.T, parameters)[0], y.T),
        train=lambda x, y: L_layer_model(x.T, y.T, parameters),
        accuracy=lambda x, labels: accuracy(x.T, labels, parameters),
        learning_rate=0.5,
        batch_size=25,
        updates=12 * len(images) // 25,
    )
