"""One update with data of a form that was trained on before: what of it need not be found out again."""

import time
from struct import Struct
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastbp.engine.choice import WorkerChoice
from fastbp.engine.executor import FINITE, REFUSED, Looks
from fastbp.engine.session import Session
from fastbp.errors import DivergedError
from fastbp.source import Source

if TYPE_CHECKING:
    from fastbp.engine.network import Network

_ANSWER = Looks._fields.index("answer")
_write_addresses = Struct("=3q").pack_into


class SingleUpdate:
    """One worker makes a step with all samples that it is given.

    To find all out and call `Network.train` takes longer than the step of a small network: 94 functions of Python and
    63 of C, with `train_on_batch`. This way there are 27 and 20, and five calls of compiled code are one.

    Parameters
    ----------
    network : Network
        It has just been trained with these samples.
    session : Session
        What trained it.
    inputs, targets : Source
        Samples of the form that all will have.
    n_classes : int
        Targets are whole numbers below it; 0 where they have to be finite.
    bounds : tuple of float or None
        Between which targets that are no classes have to lie.
    choice : WorkerChoice or None
        What says how many workers are best, unless it is one for certain.
    """

    def __init__(
        self,
        network: "Network",
        session: Session,
        inputs: Source,
        targets: Source,
        n_classes: int,
        bounds: tuple[float, float] | None,
        choice: WorkerChoice | None,
    ) -> None:
        assert network.kept is not None
        self.network = network
        self._session, self._choice, self._kept = session, choice, network.kept
        self._n_samples = inputs.n_samples
        self._inputs = inputs.row_stride, inputs.column_stride
        self._targets = targets.row_stride, targets.column_stride
        x, y = inputs.array, targets.array
        self._bounds = None if bounds is None else np.array(bounds, np.float64)
        fields = Looks(
            inputs=0,
            targets=0,
            state=0,
            n_inputs=x.size if x.dtype.kind == "f" else 0,
            inputs_itemsize=x.itemsize,
            n_targets=y.size if n_classes or y.dtype.kind == "f" else 0,
            targets_itemsize=y.itemsize,
            n_classes=n_classes,
            bounds=0 if self._bounds is None else self._bounds.ctypes.data,
            kept=network.kept.ctypes.data,
            n_state=network.kept.size,
            itemsize=network.dtype.itemsize,
            answer=REFUSED,
        )
        self._looks: NDArray[np.int64] = np.array(fields, np.int64)
        self._looks_words: Any = self._looks.data

    def run(self, inputs: int, targets: int) -> list[float] | None:
        """Make the update with what lies at these addresses.

        Returns
        -------
        list of float or None
            Means of the loss, and of what the metrics add up. None if nothing was done: something of the data cannot be
            used, the network is no longer as it was, or a team would be better.

        Raises
        ------
        DivergedError
            When the loss is not finite, or the weights are no longer. They are those from before.
        ArgumentError
            While the network is being trained.
        """
        network, session, choice = self.network, self._session, self._choice
        with network.lock:
            network.refuse_while_training()
            # A network that is compiled anew has other programs, and keeps its state elsewhere.
            if network.kept is not self._kept:
                return None
            if choice is not None and (choice.workers != 1 or choice.tries):
                return None
            began = time.perf_counter() if choice is not None else 0.0
            steps = network.steps
            network.with_room(session)
            _write_addresses(self._looks_words, 0, inputs, targets, network.arena_address)
            hyper = session.place_hyper(network.optimizer, steps + 1, 1)
            session.begin(0)
            try:
                sums = session.update(
                    self._n_samples,
                    (inputs, *self._inputs),
                    (targets, *self._targets),
                    hyper,
                    (network.seed, steps),
                    self._looks,
                )
                answer = self._looks.item(_ANSWER)
                if answer == REFUSED:
                    return None
                if answer != FINITE or session.failed_step >= 0:
                    network.restore(self._kept)
                    session.begin(0)
                    raise DivergedError(1, 1)
            finally:
                # An interrupt shows right after compiled code returns: what it did counts.
                network.steps = steps + session.steps_done
            if choice is not None:
                choice.learn(time.perf_counter() - began, 1)
        n = self._n_samples
        return [each / n for each in sums]
