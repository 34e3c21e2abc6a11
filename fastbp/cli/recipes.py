"""What `fastbp warmup` rehearses: small networks that between them need every kernel of many others."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from fastbp.cli.networks import OUTPUT_ACTIVATIONS
from fastbp.nn import (
    ACTIVATIONS,
    LOSSES,
    ActivityRegularization,
    BatchNormalization,
    Dense,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    Input,
    Layer,
    LayerNormalization,
    Normalization,
    PReLU,
)
from fastbp.nn.activations import NUMBERS
from fastbp.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Lion,
    Muon,
    Nadam,
    Optimizer,
    RMSprop,
    Rprop,
)
from fastbp.sequential import Sequential

_N_SAMPLES = 600
_N_COLUMNS = 8
_N_OUTPUTS = 3


@dataclass(frozen=True)
class Recipe:
    """A network to be rehearsed, and the samples for it."""

    activation: str = "relu"
    loss: str = "sparse_categorical_crossentropy"
    optimizer: Optimizer = field(default_factory=Adam)
    dtype: str = "float32"
    input_dtype: str = "float32"
    normalized: bool = False
    widths: tuple[int, int, int] = (_N_COLUMNS, 24, 24)
    between: tuple[Layer, ...] = ()
    batch_size: int | None = None

    def __str__(self) -> str:
        inputs = f"{'normalized ' if self.normalized else ''}{self.input_dtype} inputs"
        layers = "".join(f"{type(layer).__name__}, " for layer in self.between)
        widths = "" if self.widths == Recipe.widths else "-".join(map(str, self.widths)) + ", "
        batch = f", batches of {self.batch_size}" if self.batch_size else ""
        return (
            f"{self.dtype}, {self.activation}, {widths}{layers}{self.loss}, {self.optimizer.rule}, "
            f"{inputs}{batch}"
        )

    def model(self) -> Sequential:
        """The compiled model."""
        n_columns, first, second = self.widths
        normalization = Normalization(mean=np.zeros(n_columns), variance=np.ones(n_columns))
        model = Sequential(
            [
                Input(n_columns),
                *([normalization] if self.normalized else []),
                Dense(first, self.activation),
                *self.between,
                Dense(second, self.activation),
                Dense(_N_OUTPUTS, OUTPUT_ACTIVATIONS.get(self.loss, "linear")),
            ],
            seed=0,
            dtype=self.dtype,
        )
        accuracy = ["accuracy"] if self.loss in OUTPUT_ACTIVATIONS else []
        model.compile(self.optimizer, self.loss, accuracy)
        return model

    def samples(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets."""
        x = np.arange(_N_SAMPLES * self.widths[0]).reshape(_N_SAMPLES, -1) % 7
        y = np.arange(_N_SAMPLES) % _N_OUTPUTS
        if LOSSES.resolve(self.loss).targets == "dense":
            return x.astype(self.input_dtype), np.eye(_N_OUTPUTS, dtype=self.dtype)[y]
        return x.astype(self.input_dtype), y


#: Every update rule that the usual recipes leave out, with what most people add to it: AdamW's decay. Clipping and
#: averages go with every rule, and are compiled when they are asked for.
_OTHER_RULES = (
    SGD(momentum=0.9),
    SGD(momentum=0.9, nesterov=True),
    Adagrad(),
    Adadelta(),
    *(RMSprop(momentum=m, centered=centered) for m in (0.0, 0.9) for centered in (False, True)),
    AdamW(),
    Adam(amsgrad=True),
    Adamax(),
    Nadam(),
    Lion(),
    Muon(),
    *(Rprop(variant=variant) for variant in ("plus", "minus", "iplus", "iminus")),
)


_OTHER_LAYERS = (
    ActivityRegularization(l2=0.01),
    Dropout(0.5),
    GaussianDropout(0.5),
    GaussianNoise(1.0),
    BatchNormalization(),
    BatchNormalization(trainable=False),
    LayerNormalization(),
    LayerNormalization(rms_scaling=True),
    PReLU(),
)


def usual_recipes() -> Iterator[Recipe]:
    """What most people train: float32, relu or tanh, Adam or plain SGD."""
    for input_dtype in ("float32", "float64", "uint8"):
        for normalized in (True, False):
            yield Recipe(input_dtype=input_dtype, normalized=normalized)
    yield Recipe(optimizer=SGD())
    yield Recipe("tanh")
    yield Recipe(loss="mean_squared_error")
    yield Recipe(loss="binary_crossentropy")
    for batch_size in (None, 2):
        # Layers of many inputs and few outputs, and the other way round, have kernels of their own.
        yield Recipe(widths=(130, 8, 80), batch_size=batch_size)


def all_recipes() -> Iterator[Recipe]:
    """Every layer, activation, loss and update rule, in both types."""
    for dtype in ("float32", "float64"):
        for recipe in usual_recipes():
            yield replace(recipe, dtype=dtype)
        yield Recipe(between=_OTHER_LAYERS, dtype=dtype)
        for activation in ACTIVATIONS:
            usual = NUMBERS.get(activation, {})
            if None not in usual.values():
                yield Recipe(activation, dtype=dtype)
            if usual:
                yield Recipe(f"{activation}({', '.join(['0.25'] * len(usual))})", dtype=dtype)
        for loss in LOSSES.names:
            for batch_size in (None, 2):
                yield Recipe(loss=loss, dtype=dtype, batch_size=batch_size)
        for optimizer in _OTHER_RULES:
            yield Recipe(optimizer=optimizer, dtype=dtype)
