"""A program bound to somebody's data: what the executor is called with."""

from struct import Struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbp.compiler.program import Program
from fastbp.engine import executor, team
from fastbp.engine.arena import Arena
from fastbp.engine.choice import WorkerChoice
from fastbp.engine.executor import Job
from fastbp.kernels.context import Context
from fastbp.source import Source

_PANELS = Context._fields.index("panels")
#: The fields from "order" to "outputs" say where the caller's data lie.
_DATA = Context._fields.index("order")
_STATUS = Context._fields.index("status")
_STEPS_BEFORE = Context._fields.index("steps_before")
# Written at once: NumPy takes longer than the step of a small network to put some integers into an array.
_write_data = Struct("=10q").pack_into
_write_two = Struct("=2q").pack_into
_write_job = Struct(f"={len(Job._fields)}q").pack_into
_NO_HYPER = np.zeros(1)
_NONE_YET = np.zeros((0, 0))
_NO_HYPER_ADDRESS = _NO_HYPER.ctypes.data
_NOWHERE = (0, 0, 0)
#: Updates for which an optimizer tells its numbers at once, where few are asked for.
_AHEAD = 64
_ASKED_AT_A_TIME = 4096
#: Seconds for which a processor is needed elsewhere that are worth a chunk of their own.
_WORTH_SPARING = 2e-4


class Session:
    """One program, its contexts, and where its data lie.

    Parameters
    ----------
    program : Program
    dtype : dtype
        Type of the arena.
    gradients : int
        Offset of the gradients in the arena, -1 where the program keeps none.
    """

    def __init__(self, program: Program, dtype: np.dtype, gradients: int = -1) -> None:
        self.rows = program.rows()
        self.names, self.costs = program.names, program.costs
        self.workspace = program.workspace
        self._n_apart = program.names.index("barrier")
        self._samples_at_a_time, self._parts = program.samples_at_a_time, program.parts
        self.n_values, self.looks = program.n_values, program.looks
        self.gradients = gradients
        self.arena_address = 0
        self.status = np.zeros(2, np.int64)
        self._status_address = self.status.ctypes.data
        self._status_words = self.status.data
        # The sums of a single epoch.
        self._epoch = np.zeros((1, max(1, program.n_values)))
        self._epoch_address = self._epoch.ctypes.data
        # Whose numbers these are, and of which steps: so many, behind the first.
        self._optimizer: Any = None
        self._first, self._n_ahead = 0, 0
        self._hyper, self._hyper_address = _NONE_YET, 0
        self._dtype, self.panels = dtype, program.panels
        self._make_room(1)
        self._job = np.zeros(len(Job._fields), np.int64)
        self._job_words = self._job.data
        # Of a worker whom nobody helps.
        self._no_meeting = executor.new_meeting()
        self._alive: tuple[Any, ...] = ()
        self._choices: dict[tuple[int, bool], WorkerChoice] = {}
        #: Of the last chunk of training, or a guess while there was none; 0 before.
        self.seconds_per_step = 0.0
        #: Of the last chunk from which a worker stood back; 0 before.
        self.seconds_with_one_less = 0.0

    def _make_room(self, workers: int) -> None:
        """What each worker has for itself: a context, and room for packed operands."""
        self._contexts = executor.new_contexts(workers)
        self._panels = [Arena(self._dtype) for _ in range(workers)]
        self._context_words = [context.data for context in self._contexts]
        for context, panels in zip(self._contexts, self._panels, strict=True):
            panels.require(self.panels, 0)
            context[_PANELS] = panels.address

    def choice(self, most: int, begins: bool) -> WorkerChoice:
        """What is known of how many workers are best, of at most `most`.

        The first chunk of a call is a thing of its own: it wakes the team, and may be all that there is.
        """
        return self._choices.setdefault((most, begins), WorkerChoice(most))

    def n_spared(self, seconds: float, workers: int) -> int:
        """Steps from which one of the workers had better stand back, as its processor is needed elsewhere for so long.

        Each has its share of a step, so all would wait for the one that is not let run, and the whole time would be
        lost. With one less, the others' shares are larger, but nobody waits.
        """
        less = self.seconds_with_one_less or self.seconds_per_step * workers / (workers - 1)
        if seconds <= max(less - self.seconds_per_step, _WORTH_SPARING):
            return 0
        return max(1, round(seconds / less))

    def bind(
        self,
        workers: int,
        inputs: Source,
        targets: Source | None,
        weights: Source | None,
        orders: NDArray[np.int64] | None,
        outputs: NDArray[np.floating] | None = None,
        *,
        stops: bool = False,
        noise: tuple[int, int] = (0, 0),
    ) -> None:
        """Point every worker's context at the data, which the session keeps alive while it runs.

        `noise` is what that depends on: the seed, and how many updates there were before the first step. With `stops`
        a loss that is not finite stops the program before the weights are touched; without, it is summed like any
        other.
        """
        if len(self._contexts) < workers:
            self._make_room(workers)
        self._alive = (inputs, targets, weights, orders, outputs)
        self._point_at(
            0 if orders is None else orders.ctypes.data,
            inputs.address,
            inputs.row_stride,
            inputs.column_stride,
            *_place(targets),
            *_place(weights)[:2],
            0 if outputs is None else outputs.ctypes.data,
            stops=stops,
            noise=noise,
        )

    def _point_at(self, *data: int, stops: bool, noise: tuple[int, int]) -> None:
        """Write into every worker's context where the data lie."""
        seed, steps_before = noise
        status = self._status_address if stops or self.looks else 0
        for context in self._context_words:
            _write_data(context, 8 * _DATA, *data)
            context[_STATUS] = status
            _write_two(context, 8 * _STEPS_BEFORE, steps_before, seed)

    def zeros(self, n_epochs: int) -> NDArray[np.float64]:
        """Zeros for the sums of a call, (n_epochs, n_values); those of a single epoch hold until the next call."""
        if n_epochs > 1:
            return np.zeros((n_epochs, self._epoch.shape[1]))
        self._epoch.fill(0.0)
        return self._epoch

    def place_hyper(self, optimizer: Any, first: int, count: int) -> tuple[int, int]:
        """Put the optimizer's numbers for updates `first`, `first + 1`, ... into memory.

        Returns
        -------
        address, stride : int
            Where they are, and the bytes from those of an update to the next.
        """
        if optimizer.hyper_is_constant:
            first, count = 1, 1
        place = first - self._first
        if self._optimizer is not optimizer or not 0 <= place <= self._n_ahead - count:
            # A learning rate that may fail, or may run a user's function, is asked for what is needed alone.
            plain = isinstance(optimizer.learning_rate, float)
            n = max(count, _AHEAD) if plain and not optimizer.hyper_is_constant else count
            self._optimizer, self._n_ahead = None, 0
            self._fill_hyper(optimizer, first, n)
            self._optimizer, self._first, self._n_ahead, place = optimizer, first, n, 0
        stride = self._hyper.strides[0]
        if optimizer.hyper_is_constant:
            return self._hyper_address, 0
        return self._hyper_address + place * stride, stride

    def _fill_hyper(self, optimizer: Any, first: int, n: int) -> None:
        """Ask for the numbers of `n` updates, some at a time, so that what is computed with them stays in a cache."""
        for begin in range(0, n, _ASKED_AT_A_TIME):
            end = min(begin + _ASKED_AT_A_TIME, n)
            numbers = optimizer.hyper(np.arange(first + begin, first + end, dtype=np.int64))
            if len(self._hyper) < n or self._hyper.shape[1] != numbers.shape[1]:
                self._hyper = np.empty((n, numbers.shape[1]), self._dtype)
                self._hyper_address = self._hyper.ctypes.data
            self._hyper[begin:end] = numbers

    def release(self) -> None:
        """Let go of the caller's arrays, and of a long call's numbers."""
        self._alive = ()
        if self._n_ahead > _AHEAD:
            self._optimizer, self._n_ahead, self._hyper = None, 0, _NONE_YET

    def begin(self, first_step: int) -> None:
        """No step has failed, and so many are done."""
        _write_two(self._status_words, 0, 0, first_step)

    @property
    def failed_step(self) -> int:
        """Index of the step whose loss, or input if the program looks, was not finite, -1 where none was."""
        return int(self.status.item(0)) - 1

    @property
    def steps_done(self) -> int:
        """Steps that have ended, counted from the call's first; right also after an interrupt."""
        return int(self.status.item(1))

    def run(
        self,
        first_step: int,
        n_steps: int,
        *,
        samples: int,
        batch: int,
        workers: int,
        values: NDArray[np.float64],
        hyper: tuple[int, int],
        ticks: NDArray[np.int64] = team.NO_TICKS,
        seconds: float = 0.0,
        offer: team.Offer | None = None,
    ) -> int:
        """Run steps; `values` (epochs, n_values) takes the sums. Returns the number of workers that took part.

        `hyper` is what `place_hyper` returned.
        `ticks` (workers, n_rows), if given, takes the time of each row; `seconds` is how long it may take, about;
        with one worker `offer` takes what another thread may call to be a second.
        """
        _write_job(
            self._job_words,
            0,
            self.arena_address,
            *hyper,
            self._epoch_address if values is self._epoch else values.ctypes.data,
            self.n_values,
            self._status_address,
            first_step,
            n_steps,
            -(-samples // batch),
            batch,
            samples,
            self._n_apart,
            self._samples_at_a_time,
            self._parts,
        )
        return team.run(self.rows, self._contexts, self._job, workers, ticks, seconds, offer)

    def update(
        self,
        samples: int,
        inputs: tuple[int, int, int],
        targets: tuple[int, int, int],
        hyper: tuple[int, int],
        noise: tuple[int, int],
        looks: NDArray[np.int64],
    ) -> list[float]:
        """One step of all samples by one worker, with the looks that go with it; the sums of the step.

        `inputs` and `targets` are address and strides, which the caller keeps alive; `hyper` is what `place_hyper`
        returned, `noise` as for `bind`, `looks` as `fastbp.engine.executor.Looks`.
        """
        self._point_at(0, *inputs, *targets, 0, 0, 0, stops=True, noise=noise)
        values = self.zeros(1)
        _write_job(
            self._job_words,
            0,
            self.arena_address,
            *hyper,
            self._epoch_address,
            self.n_values,
            self._status_address,
            0,
            1,
            1,
            samples,
            samples,
            self._n_apart,
            self._samples_at_a_time,
            self._parts,
        )
        executor.update()(self.rows, self._contexts, self._job, self._no_meeting, looks)
        sums: list[float] = values[0].tolist()
        return sums

    def run_epoch(
        self,
        samples: int,
        batch: int,
        workers: int,
        seconds: float = 0.0,
        sums: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Run all steps of one epoch without an update rule; the sums, shape (n_values,).

        `seconds` is how long it may take, about; the sums go on from `sums`.
        """
        values = self.zeros(1)
        if sums is not None:
            values[0] = sums
        self.begin(0)
        n_steps = -(-samples // batch)
        self.run(
            0,
            n_steps,
            samples=samples,
            batch=batch,
            workers=workers,
            values=values,
            hyper=(_NO_HYPER_ADDRESS, 0),
            seconds=seconds,
        )
        self.release()
        return np.array(values[0])


def _place(source: Source | None) -> tuple[int, int, int]:
    """Address and strides."""
    if source is None:
        return _NOWHERE
    return source.address, source.row_stride, source.column_stride
