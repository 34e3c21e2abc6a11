"""What a network has learned and remembers: its parameters and its optimizer's state, as they lie in the arena."""

from collections.abc import Sequence
from threading import RLock, get_ident
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbp.compiler.graph import build_graph
from fastbp.compiler.layout import Allocator, ParameterLayout
from fastbp.engine.arena import Arena
from fastbp.errors import ArgumentError
from fastbp.kernels.magnitudes import are_within
from fastbp.nn.layers.layer import Layer
from fastbp.runtime.forks import share


class NetworkState:
    """Parameters, normalization and optimizer state of one network; see `Network`, which trains them.

    Attributes
    ----------
    lock : RLock
        Whoever reads or writes the arena holds it; between two steps nobody does.
    """

    def __init__(
        self,
        n_inputs: int,
        layers: Sequence[Layer],
        *,
        dtype: str,
        weights: Sequence[NDArray[Any]],
        normalization: tuple[NDArray[Any], NDArray[Any]] | None = None,
    ) -> None:
        #: The thread that has reserved the network for its training, if one has, and whether steps are being done.
        self._trainer: int | None = None
        self._is_training = False
        share(self)
        self._operations = build_graph(n_inputs, layers)
        self._dtype = np.dtype(dtype)
        self._largest = float(np.finfo(self._dtype).max)
        self._layout = ParameterLayout(self._operations, self._dtype)
        self._arena = Arena(self._dtype)
        self._normalization = normalization
        self._optimizer: Any = None
        self._n_slots = 0
        # To get it anew for each call takes the system as long as the copy takes.
        self.kept: NDArray[np.floating] | None = None
        self._state_size = self._place_state()
        self.steps = self.changes = self.seed = 0
        self._arena.require(self._state_size, 0)
        self._place_normalization()
        self.set_weights(weights)

    def forget_other_threads(self) -> None:
        """Nobody else holds the lock or trains."""
        self.lock = RLock()
        if self._trainer != get_ident():
            self._trainer, self._is_training = None, False

    @property
    def n_outputs(self) -> int:
        """Columns of the output."""
        return self._operations[-1].n_out

    @property
    def dtype(self) -> np.dtype:
        """Type of all parameters and activations."""
        return self._dtype

    @property
    def _parameters_size(self) -> int:
        """Elements of parameters and slots."""
        return self._layout.size * (1 + self._n_slots)

    def _place_state(self) -> int:
        """Find the places of what lives as long as the network: parameters, slots, normalization; its elements."""
        allocator = Allocator(self._dtype, self._parameters_size)
        if self._normalization is not None:
            n_in = self._operations[0].n_in
            self._normalization_at = (
                allocator.take(n_in + self._layout.lanes),
                allocator.take(n_in + self._layout.lanes),
            )
        return allocator.end

    def _place_normalization(self) -> None:
        if self._normalization is not None:
            for offset, numbers in zip(self._normalization_at, self._normalization, strict=True):
                self._arena.array[offset : offset + len(numbers)] = numbers

    def weights(self) -> list[NDArray[np.floating]]:
        """Copies of kernels and biases in Keras's order."""
        with self.lock:
            return self._layout.read(self._arena.array)

    def set_weights(self, arrays: Sequence[NDArray[Any]]) -> None:
        """Set kernels and biases, in the order of `weights`."""
        with self.lock:
            self.changes += 1
            self._layout.write(self._arena.array, arrays)

    def _begin_with(self, optimizer: Any) -> None:
        """Take an optimizer, whose state begins; the weights stay."""
        arrays = self.weights()
        self._optimizer = optimizer
        self._n_slots = len(optimizer.slots) if optimizer is not None else 0
        self._state_size = self._place_state()
        self._arena = Arena(self._dtype)
        self._arena.require(self._state_size, 0)
        self.kept = None
        self._place_normalization()
        for k, start in enumerate(optimizer.slots.values() if optimizer is not None else ()):
            self._slot(k)[...] = start
        self.set_weights(arrays)
        self.steps = 0

    @property
    def optimizer(self) -> Any:
        """What `configure` was given, or what took its place."""
        return self._optimizer

    def set_optimizer(self, optimizer: Any) -> None:
        """Go on with other settings of the optimizer; its state stays, and no program changes.

        Raises
        ------
        ArgumentError
            If the update rule is another one.
        """
        with self.lock:
            old = self._optimizer
            if old is None or _program_of(optimizer) != _program_of(old):
                raise ArgumentError(
                    f"{optimizer!r} has another update rule than {old!r}; compile the model with it"
                )
            self._optimizer = optimizer
            self.changes += 1

    @property
    def arena_address(self) -> int:
        """Where parameters and workspace lie now."""
        return self._arena.address

    def _slot(self, index: int) -> NDArray[np.floating]:
        size = self._layout.size
        return self._arena.array[size * (1 + index) : size * (2 + index)]

    def optimizer_state(self) -> dict[str, NDArray[Any]]:
        """The number of steps, and for each slot one array a parameter array."""
        with self.lock:
            state: dict[str, NDArray[Any]] = {"step": np.array(self.steps, np.int64)}
            for k, name in enumerate(self._optimizer.slots if self._optimizer is not None else ()):
                for i, array in enumerate(self._layout.read(self._slot(k))):
                    state[f"{name}/{i}"] = array
            return state

    def set_optimizer_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Set what `optimizer_state` returned."""
        n_arrays = len(self._layout.told)
        with self.lock:
            self.changes += 1
            for k, name in enumerate(self._optimizer.slots if self._optimizer is not None else ()):
                self._layout.write(self._slot(k), [state[f"{name}/{i}"] for i in range(n_arrays)])
            self.steps = int(state["step"])

    def take_averages(self) -> None:
        """Replace the weights that are trained by the averages that the optimizer has kept of them, if it has."""
        with self.lock:
            optimizer = self._optimizer
            if optimizer is None or "average" not in optimizer.slots:
                return
            if optimizer.n_updates(self.steps) == 0:
                return
            averages = self._layout.read(self._slot(list(optimizer.slots).index("average")))
            trained = [place.trained for place in self._layout.told]
            arrays = zip(self.weights(), averages, trained, strict=True)
            self.set_weights([average if taken else weight for weight, average, taken in arrays])

    def snapshot(self, into: NDArray[np.floating] | None = None) -> NDArray[np.floating]:
        """A copy of parameters and optimizer state, as they lie in the arena; in place of an older one, if given."""
        own = self._arena.array[: self._parameters_size]
        if into is None:
            return own.copy()
        into[:] = own
        return into

    def restore(self, snapshot: NDArray[np.floating]) -> None:
        """Put a `snapshot` back."""
        self._arena.array[: self._parameters_size] = snapshot

    def is_finite(self) -> bool:
        """Whether all parameters and the optimizer's state are finite."""
        return are_within(
            self._arena.address, self._parameters_size, self._dtype.itemsize, self._largest
        )


def _program_of(optimizer: Any) -> tuple[Any, ...]:
    """What of an optimizer makes the program, and its state"""
    return optimizer.rule, list(optimizer.slots), optimizer.gathering
