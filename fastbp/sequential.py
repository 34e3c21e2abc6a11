"""Models whose layers follow each other."""

import secrets
import sys
from collections.abc import Callable, Iterable, Sequence
from math import prod
from os import PathLike

from numpy.typing import DTypeLike

from fastbp.errors import ArgumentError, FastbpError, ModelFileError, unknown_name
from fastbp.model import Model
from fastbp.nn import Layer, Stack, byte_text, count, layer_table, shape_text
from fastbp.specification import check_name, truth_value, whole_number
from fastbp.storage import load_model_file
from fastbp.training import Learner, learner_from_state


class Sequential(Model):
    """Layers one after the other.

    Parameters
    ----------
    layers : sequence of Layer, optional
        Input, Normalization and Rescaling first, if there are any, then Embeddings, then Dense and other layers. More
        can follow by `add`.
    seed : int, optional
        Says how the weights start and in which order the samples come; drawn if None. Models of the same layers and
        seed that see the same data get the same weights, bit for bit, with any number of threads.
    dtype : {"float32", "float64"}, default "float32"
        What the model computes in; NumPy's types mean the same.
    name : str, default "sequential"
        Shown in `summary`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp import Dense, Input, Sequential
    >>> x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> y = np.array([0.0, 1.0, 1.0, 0.0])
    >>> model = Sequential([Input((2,)), Dense(5, "tanh"), Dense(1, "sigmoid")], seed=1)
    >>> model.compile("adam", "binary_crossentropy", ["accuracy"])
    >>> history = model.fit(x, y, epochs=2000, verbose=0)
    >>> history.history["accuracy"][-1]
    1.0
    >>> model.predict(x).round()
    array([[0.],
           [1.],
           [1.],
           [0.]], dtype=float32)
    """

    def __init__(
        self,
        layers: Iterable[Layer] | None = None,
        *,
        seed: int | None = None,
        dtype: DTypeLike = "float32",
        name: str = "sequential",
    ) -> None:
        check_name(name)
        if seed is None:
            seed = secrets.randbits(32)
        super().__init__(Learner(Stack.of(layers or ()), seed, dtype), name)

    def __repr__(self) -> str:
        layers = ", ".join(self.learner.stack.names)
        return f"Sequential([{layers}], seed={self.seed}, dtype={self.dtype!r})"

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers."""
        return self.learner.stack.layers

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """One layer.

        Parameters
        ----------
        name : str, optional
            As `summary` shows it.
        index : int, optional
            Its place in `layers`; one of both must be given.

        Raises
        ------
        UnknownNameError
            If there is no layer of this name.
        ArgumentError
            If there is none at this place, or not one of both was given.

        Examples
        --------
        >>> from fastbp import Dense, Sequential
        >>> Sequential([Dense(16, "relu"), Dense(3)]).get_layer("dense_1").units
        3
        """
        if (name is None) == (index is None):
            raise ArgumentError("get_layer takes the name of a layer or its index")
        names = self.learner.stack.names
        if index is None:
            if name not in names:
                raise unknown_name("layer", name, names)
            return self.layers[names.index(name)]
        if not isinstance(index, int) or not -len(names) <= index < len(names):
            raise ArgumentError(f"index must be that of one of {len(names)} layers, not {index!r}")
        return self.layers[index]

    def add(self, layer: Layer) -> None:
        """Put one more layer at the end; the model has to be compiled again.

        Parameters
        ----------
        layer : Layer
            One of `fastbp.layers`.

        Raises
        ------
        ArgumentError
            If the layer cannot stand there.
        """
        self.learner.add(layer)

    def pop(self) -> Layer:
        """Take the last layer away; the others keep their weights, and the model has to be compiled again.

        Returns
        -------
        Layer

        Raises
        ------
        ArgumentError
            If there is none.

        Examples
        --------
        >>> from fastbp import Dense, Sequential
        >>> model = Sequential([Dense(16, "relu"), Dense(3, "softmax")], seed=1)
        >>> model.pop().units, len(model.layers)
        (3, 1)
        """
        return self.learner.pop()

    def set_trainable(self, trainable: bool, layers: str | Iterable[str] | None = None) -> None:
        """Say whether training changes layers; the weights stay, and the model has to be compiled again.

        No gradients are computed for weights that do not change, nor for what lies below the first that do.

        Parameters
        ----------
        trainable : bool
        layers : list of str, optional
            Names of layers, as `summary` shows them; None means all that have weights.

        Raises
        ------
        UnknownNameError
            If there is no such layer.

        Examples
        --------
        >>> from fastbp import Dense, Sequential
        >>> model = Sequential([Dense(16, "relu"), Dense(3, "softmax")], seed=1)
        >>> model.set_trainable(False, ["dense"])
        >>> [layer.trainable for layer in model.layers]
        [False, True]
        """
        if layers is None:
            layers = list(self.learner.stack.with_weights)
        names = [layers] if isinstance(layers, str) else layers
        self.learner.set_trainable(names, truth_value("trainable", trainable))

    @property
    def trainable(self) -> bool:
        """Whether training changes any layer.

        Assigning to it is `set_trainable` of all layers: the model has to be compiled again, unless nothing changes.
        """
        layers = self.learner.stack.with_weights.values()
        return not layers or any(layer.trainable for layer in layers)

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        trainable = truth_value("trainable", trainable)
        if any(layer.trainable != trainable for layer in self.learner.stack.with_weights.values()):
            self.set_trainable(trainable)

    def build(self, input_shape: int | Sequence[int | None] | None = None) -> None:
        """Make the weights, which otherwise happens with the first data.

        Parameters
        ----------
        input_shape : int or tuple, optional
            The number of columns, or the shape of a batch; not needed after an Input.
        """
        columns = input_shape
        if isinstance(input_shape, Sequence):
            columns = prod(n or 0 for n in input_shape[1:] or input_shape)
        if columns is not None:
            columns = whole_number("the number of input columns", columns)
            if self.n_inputs not in (None, columns):
                raise ArgumentError(f"the model has {self.n_inputs} input columns, not {columns}")
        self.learner.network(columns)

    def summary(
        self, print_fn: Callable[[str], object] | None = None, batch_size: int = 32
    ) -> None:
        """Print the layers, their outputs and parameters, and the memory that training takes.

        Parameters
        ----------
        print_fn : callable, optional
            Takes each line; None means standard output.
        batch_size : int, default 32
            The batch that the memory is planned for.

        Examples
        --------
        >>> from fastbp import Dense, Sequential
        >>> Sequential([Dense(10, "softmax")]).summary()
        Traceback (most recent call last):
        fastbp.errors.NotReadyError: the model does not know its number of input columns yet: ...
        """
        network = self.learner.network()
        assert self.n_inputs is not None
        inputs = shape_text(self.learner.stack.input_shape or (self.n_inputs,))
        plan = network.memory_plan(whole_number("batch_size", batch_size))
        parts = ", ".join(
            f"{part.replace('_', ' ')} {byte_text(size)}"
            for part, size in plan.items()
            if part != "total"
        )
        lines = [
            f"{self.name}: {inputs} -> {self.n_outputs}, {self.dtype}, seed {self.seed}",
            *layer_table(self.learner.stack, self.n_inputs),
            self._parameters_line(),
            f"memory at batch size {batch_size}: {byte_text(plan['total'])} ({parts})",
        ]
        for line in lines:
            if print_fn is None:
                sys.stdout.write(f"{line}\n")
            else:
                print_fn(line)

    def _parameters_line(self) -> str:
        line = f"parameters: {self.count_params():,}"
        assert self.n_inputs is not None
        frozen = count(
            weight.shape
            for weights in self.learner.stack.weights(self.n_inputs)
            for weight in weights
            if not weight.trained
        )
        return f"{line} ({frozen:,} not trainable)" if frozen else line


def load_model(filepath: str | PathLike[str], *, compile: bool = True) -> Sequential:
    """Read a model that `save` wrote; it predicts the same, and training goes on exactly.

    Parameters
    ----------
    filepath : path-like
    compile : bool, default True
        Whether it comes with its optimizer, loss and metrics; without, it is not compiled.

    Raises
    ------
    ModelFileError
        If the file is missing, corrupt, no model of fastbp's, or of a newer format.
    """
    settings, arrays, metadata = load_model_file(filepath)
    if not truth_value("compile", compile):
        settings = {**settings, "optimizer": None, "loss": None, "metrics": []}
    try:
        model = Sequential(name=settings["name"])
        model.learner = learner_from_state(settings, arrays)
        model.metadata = metadata
    except (FastbpError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ModelFileError(f"{filepath} does not hold a whole model: {reason}") from error
    return model
