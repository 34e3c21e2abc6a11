"""What a model holds: its layers, the network made of them, and what it was compiled with."""

from collections.abc import Iterable, Sequence
from threading import RLock
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from fastbp.data.source import address_of, as_source
from fastbp.errors import ArgumentError, DataError, NotReadyError
from fastbp.nn import (
    LOSSES,
    Dense,
    Layer,
    LossFunction,
    Metric,
    MetricsWanted,
    Stack,
    initialize,
    resolve_metrics,
)
from fastbp.optimizers import OPTIMIZERS, Optimizer
from fastbp.runtime.forks import share
from fastbp.source import Source
from fastbp.specification import whole_number
from fastbp.training.categories import LARGEST_EXACT, check_categories
from fastbp.training.combinations import check_loss, check_optimizer
from fastbp.training.inputs import Samples, check_inputs, check_samples, look_at_targets
from fastbp.training.shaped import as_rows

if TYPE_CHECKING:
    from fastbp.engine import Network
    from fastbp.engine.single_update import SingleUpdate

DTYPES = ("float32", "float64")

Array = NDArray[np.floating[Any]]


class Learner:
    """Layers, their weights, and how they learn.

    The network is made when it is first needed: the number of input columns may be known from the first data only.

    Attributes
    ----------
    stack : Stack
        The layers.
    seed : int
        Says how the weights start, and the order of the samples.
    dtype : str
        What the network computes in.
    optimizer : Optimizer or None
    loss : LossFunction or None
    metrics : tuple of Metric
        What `compile` was given.
    epochs_seen : int
        How many epochs were trained.
    """

    def __init__(self, stack: Stack, seed: int, dtype: DTypeLike) -> None:
        kind = np.dtype(dtype).name if isinstance(dtype, (type, np.dtype)) else str(dtype)
        if kind not in DTYPES:
            raise ArgumentError(f"dtype must be 'float32' or 'float64', not {dtype!r}")
        if whole_number("seed", seed, minimum=0) >= 1 << 63:
            raise ArgumentError(f"seed must be below 2**63, not {seed}")
        self.stack = stack
        self.seed = int(seed)
        self.dtype = kind
        self._check_exact(stack)
        self.optimizer: Optimizer | None = None
        self.loss: LossFunction | None = None
        self.metrics: tuple[Metric, ...] = ()
        self.epochs_seen = 0
        self._network: Network | None = None
        # An update as the last one, and the form of its data.
        self._update: SingleUpdate | None = None
        self._form: tuple[object, ...] = ()
        self._statistics: object = None
        self._n_columns: int | None = None
        # The weights of the first layers where they are not to be drawn, and what the optimizer knows.
        self._kept_weights: list[Array] = []
        self._kept_state: dict[str, NDArray[Any]] | None = None
        share(self)

    def forget_other_threads(self) -> None:
        """Nobody else makes the network."""
        self._making = RLock()

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle needs: of the network, which lives at an address, the numbers."""
        state = dict(self.__dict__, _network=None, _update=None)
        del state["_making"]
        if self._network is not None:
            with self._network.lock:
                state["_kept_weights"] = self._network.weights()
                if self.optimizer is not None:
                    state["_kept_state"] = self._network.optimizer_state()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        share(self)

    @property
    def built(self) -> bool:
        """Whether there is a network."""
        return self._network is not None

    @property
    def n_inputs(self) -> int | None:
        """The number of input columns, None before anything said so."""
        return self.stack.n_inputs or self._n_columns

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the figures: the loss, then the metrics."""
        return ("loss", *(metric.name for metric in self.metrics))

    def add(self, layer: object) -> None:
        """Put one more layer at the end; what was compiled is forgotten."""
        self._restack(self.stack.with_layer(layer))

    def pop(self) -> Layer:
        """Take the last layer away; what was compiled is forgotten, the weights of the others are not."""
        if not self.stack.layers:
            raise ArgumentError("the model has no layer to take away")
        *others, last = self.stack.layers
        self._restack(Stack.of(others))
        del self._kept_weights[len(self.stack.weight_names) :]
        return last

    def set_trainable(self, names: Iterable[str], trainable: bool) -> None:
        """Say whether training changes these layers; what was compiled is forgotten, the weights are not."""
        self._restack(self.stack.with_trainable(names, trainable))

    def _check_exact(self, stack: Stack) -> None:
        """Whether the network's type holds all categories."""
        for layer in stack.embeddings:
            if self.dtype == "float32" and layer.input_dim > LARGEST_EXACT:
                raise ArgumentError(
                    f"float32 holds whole numbers up to {LARGEST_EXACT:,}, not the {layer.input_dim:,} categories of "
                    "an Embedding: make the model with dtype='float64'"
                )

    def _restack(self, stack: Stack) -> None:
        self._check_exact(stack)
        if self._network is not None:
            self._kept_weights = self._network.weights()
            self._network = self._update = None
        self.stack = stack
        self.optimizer, self.loss, self.metrics = None, None, ()

    def compile(
        self,
        optimizer: object,
        loss: object,
        metrics: MetricsWanted,
        weighted_metrics: MetricsWanted = None,
        *,
        is_new: bool = True,
    ) -> None:
        """Take names or specifications of optimizer, loss and metrics that go together.

        What a file holds is not new: it was taken once, and is not asked again whether it can learn.
        """
        chosen_optimizer = OPTIMIZERS.resolve(optimizer)
        if loss is None:
            raise ArgumentError(f"compile needs a loss: one of {', '.join(LOSSES.names)}")
        if isinstance(loss, FunctionType) or hasattr(loss, "py_func"):
            raise ArgumentError(
                "a loss of your own is Loss(value, gradient), of two functions that numba.njit compiled, not a function"
            )
        chosen_loss = LOSSES.resolve(loss)
        if is_new:
            check_loss(chosen_loss, self.stack)
            check_optimizer(chosen_optimizer, self.stack.weight_names)
        n_outputs, found = self.stack.n_outputs, self.stack.output_activation
        chosen_metrics = resolve_metrics(metrics, chosen_loss, n_outputs, weighted_metrics, found)
        self._update = None
        if self._network is not None:
            self._network.configure(chosen_loss, chosen_optimizer, chosen_metrics)
        self.optimizer, self.loss, self.metrics = chosen_optimizer, chosen_loss, chosen_metrics
        self._kept_state = None

    def set_optimizer(self, optimizer: object) -> None:
        """Go on with other settings of the optimizer, a learning rate for instance; what it gathered stays."""
        if self.optimizer is None:
            raise NotReadyError("the model has no optimizer yet: call compile first")
        chosen = OPTIMIZERS.resolve(optimizer)
        if self._network is not None:
            self._network.set_optimizer(chosen)
        self.optimizer = chosen

    def network(self, n_columns: int | None = None) -> "Network":
        """The network, made now if it was not before, or if the normalization has changed.

        Parameters
        ----------
        n_columns : int, optional
            The number of columns of the data at hand.
        """
        normalization = self.stack.normalization
        statistics = None if normalization is None else normalization.mean
        if self._network is None or statistics is not self._statistics:
            # Two threads may be the first.
            with self._making:
                if self._network is None or statistics is not self._statistics:
                    self._network = self._made_network(n_columns)
                    self._statistics = statistics
        self._network.seed = self.seed
        return self._network

    def _made_network(self, n_columns: int | None) -> "Network":
        from fastbp.engine import Network  # imports Numba, which takes longer than all else

        n_inputs = self.n_inputs or n_columns
        if not any(isinstance(layer, Dense) for layer in self.stack.layers):
            raise NotReadyError("the model has no Dense layer yet: add one, for instance Dense(10)")
        if n_inputs is None:
            raise NotReadyError(
                "the model does not know its number of input columns yet: "
                "begin with Input((n_columns,)), or call fit or build(n_columns)"
            )
        if self._network is not None:
            self._kept_weights = self._network.weights()
            self._kept_state = self._network.optimizer_state() if self.optimizer else None
        self.stack.shapes(n_inputs)
        network = Network(
            n_inputs,
            self.stack.computing,
            dtype=self.dtype,
            weights=self._first_weights(n_inputs),
            normalization=self.stack.scaling(n_inputs),
        )
        if self.loss is not None:
            network.configure(self.loss, self.optimizer, self.metrics)
            if self._kept_state is not None:
                network.set_optimizer_state(self._kept_state)
        self._n_columns = n_inputs
        self._kept_weights, self._kept_state = [], None
        return network

    def _first_weights(self, n_inputs: int) -> list[Array]:
        """Draw the weights, each array as its layer's position and the seed say."""
        drawn: list[Array] = []
        position = 0
        for weights in self.stack.weights(n_inputs):
            for part, weight in enumerate(weights):
                # Two of each layer are counted through; what comes behind has numbers of its own.
                index = (part // 2 << 32) + 2 * position + part % 2
                array = initialize(
                    weight.initializer, weight.shape, self.seed, index, weight.n_inputs
                )
                drawn.append(array.astype(self.dtype))
            position += bool(weights)
        drawn[: len(self._kept_weights)] = [
            np.asarray(array, self.dtype) for array in self._kept_weights
        ]
        return drawn

    def weight_shapes(self) -> list[tuple[int, ...]]:
        """The shapes of all arrays of weights, layer by layer."""
        self.network()
        assert self.n_inputs is not None
        return [weight.shape for weights in self.stack.weights(self.n_inputs) for weight in weights]

    def set_weights(self, weights: Sequence[ArrayLike]) -> None:
        """Replace all weights, after a look at their number, shapes and values."""
        shapes = self.weight_shapes()
        if len(weights) != len(shapes):
            raise DataError(f"the model has {len(shapes)} arrays of weights, not {len(weights)}")
        arrays = [as_weights(given, self.dtype) for given in weights]
        for name, shape, array in zip(self.stack.weight_names, shapes, arrays, strict=True):
            if array.shape != shape:
                raise DataError(f"{name} has shape {shape}, not {array.shape}")
            if not np.isfinite(array).all():
                raise DataError(f"{name} must be finite in {self.dtype}")
        self.network().set_weights(arrays)

    def inputs(self, x: object, prefix: str = "", *, looks: bool = True) -> Source:
        """Check what is to be predicted; `prefix` goes before its name in messages.

        Unless it `looks`, only categories are sure to be finite.
        """
        name = f"{prefix}x"
        source = as_source(as_rows(x, self.stack, name), name)
        looks = looks or bool(self.stack.embeddings)
        n_inputs = self.n_inputs or source.n_columns
        inputs = check_inputs(source, n_inputs, self.dtype, name, looks=looks)
        check_categories(inputs, self.stack, name)
        return inputs

    def samples(
        self,
        x: object,
        y: object,
        sample_weight: object = None,
        *,
        prefix: str = "",
        n_columns: int | None = None,
    ) -> Samples:
        """Check what is to be trained on or evaluated; nothing is built or changed by it.

        `n_columns` is what the input will have where nothing else says so.
        """
        if self.loss is None:
            raise NotReadyError("the model has no loss yet: call compile first")
        name = f"{prefix}x"
        inputs = as_source(as_rows(x, self.stack, name), name)
        samples = check_samples(
            inputs,
            y,
            sample_weight,
            n_inputs=self.n_inputs or n_columns or inputs.n_columns,
            n_outputs=self.stack.n_outputs,
            loss=self.loss,
            dtype=self.dtype,
            prefix=prefix,
        )
        check_categories(samples.inputs, self.stack, name)
        return samples

    def update(self, x: object, y: object, threads: int | str) -> list[float] | None:
        """Make an update with these samples as one batch, if the last two were of their form.

        Returns
        -------
        list of float or None
            Means of the loss, and of what the metrics add up. None if nothing was done, for whatever reason: then
            `samples` and `Network.train` find it out.
        """
        found = self._update
        if found is None or type(x) is not np.ndarray or type(y) is not np.ndarray:
            return None
        if _form(x, y, threads) != self._form or found.network is not self.network():
            return None
        inputs, targets = address_of(x), address_of(y)
        if inputs % x.itemsize or targets % y.itemsize:
            return None
        return found.run(inputs, targets)

    def remember(self, x: object, y: object, samples: Samples, threads: int | str) -> None:
        """Have what `update` needs to train again with samples like these, with which the network was just trained.

        The second of a form is remembered: where each is another, that would be for nothing.
        """
        self._update = None
        if type(x) is not np.ndarray or type(y) is not np.ndarray or self.stack.embeddings:
            return
        form = _form(x, y, threads)
        if form != self._form:
            self._form = form
            return
        assert self.loss is not None
        if x is not samples.inputs.array or not x.flags.c_contiguous or self._network is None:
            return
        look = look_at_targets(samples.targets, self.stack.n_outputs, self.loss)
        if look is None or samples.targets.address != address_of(y):
            return
        self._update = self._network.single_update(samples.inputs, samples.targets, threads, *look)

    def in_dtype(self, dtype: str) -> "Learner":
        """The same, computing in another type; the optimizer starts anew."""
        twin = Learner(self.stack, self.seed, dtype)
        if self._network is not None:
            twin._kept_weights = self._network.weights()
            twin._n_columns = self._n_columns
        twin.optimizer, twin.loss, twin.metrics = self.optimizer, self.loss, self.metrics
        return twin


def _form(x: np.ndarray, y: np.ndarray, threads: int | str) -> tuple[object, ...]:
    """All that the looks at two arrays and the program depend on, but for addresses and numbers."""
    # True and 1.0, which are refused, equal 1.
    return x.dtype, x.shape, x.strides, y.dtype, y.shape, y.strides, type(threads), threads


def as_weights(given: ArrayLike, dtype: str) -> Array:
    """An array of weights in the type of the network."""
    try:
        with np.errstate(over="ignore"):
            return np.array(given, dtype)
    except (TypeError, ValueError) as error:
        raise DataError(f"weights must be numbers: {error}") from None
