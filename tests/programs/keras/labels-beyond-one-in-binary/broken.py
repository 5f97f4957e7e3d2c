import keras
from keras import layers
from sklearn.datasets import load_wine

keras.utils.set_random_seed(3)
wine = load_wine()
x = (wine.data - wine.data.mean(0)) / wine.data.std(0)
model = keras.Sequential([
    keras.Input((13,)),
    layers.Dense(12, activation="relu"),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x, wine.target, epochs=40, batch_size=8, verbose=0)
