import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(0)
keras.utils.set_random_seed(0)
x = rng.normal(size=(600, 5)).astype("float32")
y = (x[:, 0] - 2 * x[:, 1] + np.sin(2 * x[:, 2])).astype("float32")

inputs = keras.Input(shape=(5,))
h = layers.Dense(32, activation="tanh")(inputs)
out = layers.Dense(1, activation="relu")(h)
model = keras.Model(inputs, out)
model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse", metrics=["mae"])
model.fit(x[:500], y[:500], epochs=12, batch_size=20, verbose=0)
print(model.evaluate(x[500:], y[500:], verbose=0))
