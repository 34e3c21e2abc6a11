"""The networks that the command line builds, of a data set or of sizes, and targets in a unit that trains well."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pow

import numpy as np

from fastbp.data.dataset import DataSet
from fastbp.errors import ArgumentError
from fastbp.nn import LOSSES, Dense, Embedding, Input, Layer, Normalization, activation_name
from fastbp.optimizers import Optimizer
from fastbp.sequential import Sequential

#: loss -> the activation of the outputs that it goes with, where that is not linear.
OUTPUT_ACTIVATIONS = {
    "sparse_categorical_crossentropy": "softmax",
    "categorical_crossentropy": "softmax",
    "categorical_focal_crossentropy": "softmax",
    "kl_divergence": "softmax",
    "binary_crossentropy": "sigmoid",
    "binary_focal_crossentropy": "sigmoid",
    "poisson": "softplus",
}

# Updates after which a small network has learned most of what it will.
_ENOUGH_UPDATES = 2000
_FEWEST_EPOCHS = 20


def parse_hidden(texts: Sequence[str]) -> tuple[int, ...]:
    """Widths of the hidden layers: `["128,64"]`, `["128", "64"]`, or `["none"]`.

    Examples
    --------
    >>> parse_hidden(["128,64"]), parse_hidden(["none"])
    ((128, 64), ())
    """
    words = [word.strip() for text in texts for word in text.split(",")]
    if words == ["none"]:
        return ()
    for word in words:
        if not word.isdecimal() or int(word) == 0:
            raise ArgumentError(
                f"--hidden takes widths such as 128 or 128,64, or the word none; not {word!r}"
            )
    return tuple(int(word) for word in words)


def parse_sizes(text: str) -> tuple[int, ...]:
    """Inputs, units of each hidden layer, outputs.

    Examples
    --------
    >>> parse_sizes("784-128-10")
    (784, 128, 10)
    """
    words = text.split("-")
    if len(words) < 2 or not all(word.isdecimal() and int(word) > 0 for word in words):
        raise ArgumentError(
            f"a network is a model file, or sizes such as 784-128-10; {text!r} is neither"
        )
    return tuple(int(word) for word in words)


def build_plain_model(
    sizes: Sequence[int], *, activation: str, optimizer: str, loss: str, dtype: str
) -> Sequential:
    """A compiled dense network of these sizes, with the output activation that goes with the loss."""
    chosen = LOSSES.resolve(loss)
    activation = activation_name(activation)
    n_inputs, *hidden, n_outputs = sizes
    layers = [Dense(width, activation) for width in hidden]
    output = Dense(n_outputs, OUTPUT_ACTIVATIONS.get(chosen.kind, "linear"))
    model = Sequential([Input(n_inputs), *layers, output], seed=0, dtype=dtype)
    model.compile(optimizer, chosen)
    return model


def enough_epochs(n_samples: int, batch_size: int) -> int:
    """How many epochs make about 2000 updates, and at least 20."""
    return max(_FEWEST_EPOCHS, -(-_ENOUGH_UPDATES // -(-n_samples // batch_size)))


@dataclass(frozen=True)
class TargetUnit:
    """Numbers to be predicted, brought to mean 0 and deviation 1: ``(y - mean) / deviation``.

    A network learns targets of any size with the same learning rate then. Afterwards the unit is
    folded into the output layer, so that the model predicts the numbers themselves.
    """

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, y: np.ndarray) -> "TargetUnit":
        """The unit of these targets; a constant target is only centered."""
        deviation = y.std(axis=0, dtype=np.float64)
        return cls(y.mean(axis=0, dtype=np.float64), np.where(deviation > 0, deviation, 1.0))

    def apply(self, y: np.ndarray) -> np.ndarray:
        """Return the targets in this unit, float64."""
        return np.asarray((y - self.mean) / self.deviation)

    def fold_into(self, model: Sequential) -> None:
        """Change the linear output layer so that the model gives what it gave, but out of this unit."""
        *others, kernel, bias = model.get_weights()
        model.set_weights([*others, kernel * self.deviation, bias * self.deviation + self.mean])


def build_model(
    data: DataSet,
    *,
    hidden: Sequence[int],
    activation: str,
    optimizer: Optimizer,
    seed: int,
    dtype: str,
) -> Sequential:
    """A compiled dense network: softmax over the classes, or a linear output for numbers.

    Columns that are to be embedded come first, from the last one on, so that the others keep their places.
    """
    embedded = {} if data.encoding is None else data.encoding.embedded
    layers: list[Layer] = [
        Embedding(n, _vector_length(n), columns=[column])
        for column, n in sorted(embedded.items(), reverse=True)
    ]
    layers += [Dense(width, activation) for width in hidden]
    if data.class_names is not None:
        output = Dense(len(data.class_names), "softmax")
    else:
        output = Dense(1 if data.y_train.ndim == 1 else data.y_train.shape[1])
    model = Sequential(
        [Input(data.n_features), _normalization(data), *layers, output], seed=seed, dtype=dtype
    )
    if data.class_names is not None:
        model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"])
    else:
        model.compile(optimizer, "mean_squared_error")
    return model


def _vector_length(n_categories: int) -> int:
    """Of an embedding: grows like a root, up to 50.

    >>> _vector_length(60), _vector_length(1000), _vector_length(10**6)
    (16, 50, 50)
    """
    return min(50, round(1.6 * pow(n_categories, 0.56)))


def _normalization(data: DataSet) -> Normalization:
    """Each column by its own statistics; of images all pixels alike, as edges are nearly constant."""
    columns = Normalization()
    columns.adapt(data.x_train)
    if data.image_shape is None:
        return columns
    mean = columns.mean.mean()
    variance = (columns.variance + (columns.mean - mean) ** 2).mean()
    return Normalization(
        mean=np.full(data.n_features, mean), variance=np.full(data.n_features, variance)
    )
