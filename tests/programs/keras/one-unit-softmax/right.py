import keras
from keras import layers
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

keras.utils.set_random_seed(2)
X, t = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)

net = keras.models.Sequential()
net.add(keras.Input((30,)))
net.add(layers.Dense(16, activation="relu"))
net.add(layers.Dense(1, activation="sigmoid"))
net.compile("adam", "binary_crossentropy", metrics=["accuracy"])
net.fit(X[:450], t[:450], epochs=15, batch_size=16, verbose=0)
print(net.evaluate(X[450:], t[450:], verbose=0))
