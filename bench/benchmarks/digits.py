"""Training on the handwritten digits: how long, and how well."""

import fastbp
from fastbp.data.sets import load_digits

_EPOCHS = 10


class Digits:
    def setup(self) -> None:
        self.digits = load_digits()
        self.fit(epochs=1)

    def fit(self, epochs: int) -> fastbp.Sequential:
        normalization = fastbp.Normalization()
        normalization.adapt(self.digits.x_train)
        layers = [
            fastbp.Input(64),
            normalization,
            fastbp.Dense(128, "relu"),
            fastbp.Dense(10, "softmax"),
        ]
        model = fastbp.Sequential(layers, seed=1)
        model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
        model.fit(self.digits.x_train, self.digits.y_train, epochs=epochs, verbose=0)
        return model

    def time_fit(self) -> None:
        self.fit(_EPOCHS)

    def track_test_accuracy(self) -> float:
        assert self.digits.x_test is not None
        classes = self.fit(_EPOCHS).predict(self.digits.x_test).argmax(axis=1)
        return float((classes == self.digits.y_test).mean())
