"""A program bound to somebody's data: what the executor is called with."""

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

_FIELD = {name: i for i, name in enumerate(Context._fields)}
_NO_HYPER = np.zeros(1)


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
        self._samples_at_a_time = program.samples_at_a_time
        self.n_values = program.n_values
        self.gradients = gradients
        self.arena_address = 0
        self.status = np.zeros(2, np.int64)
        self._dtype, self.panels = dtype, program.panels
        self._make_room(1)
        self._job = np.zeros(len(Job._fields), np.int64)
        self._alive: tuple[Any, ...] = ()
        self._choices: dict[int, WorkerChoice] = {}
        #: Of the last chunk of training, or a guess while there was none; 0 before.
        self.seconds_per_step = 0.0

    def _make_room(self, workers: int) -> None:
        """What each worker has for itself: a context, and room for packed operands."""
        self._contexts = executor.new_contexts(workers)
        self._panels = [Arena(self._dtype) for _ in range(workers)]
        for context, panels in zip(self._contexts, self._panels, strict=True):
            panels.require(self.panels, 0)
            context[_FIELD["panels"]] = panels.address

    def choice(self, most: int) -> WorkerChoice:
        """What is known of how many workers are best, of at most `most`."""
        return self._choices.setdefault(most, WorkerChoice(most))

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
        facts = {
            "order": 0 if orders is None else orders.ctypes.data,
            "inputs": inputs.address,
            "inputs_row_stride": inputs.row_stride,
            "inputs_column_stride": inputs.column_stride,
            "status": self.status.ctypes.data if stops else 0,
            "outputs": 0 if outputs is None else outputs.ctypes.data,
            "seed": noise[0],
            "steps_before": noise[1],
        }
        if targets is not None:
            facts["targets"] = targets.address
            facts["targets_row_stride"] = targets.row_stride
            facts["targets_column_stride"] = targets.column_stride
        if weights is not None:
            facts["weights"] = weights.address
            facts["weights_stride"] = weights.row_stride
        for name, value in facts.items():
            self._contexts[:, _FIELD[name]] = value

    def release(self) -> None:
        """Let go of the caller's arrays."""
        self._alive = ()

    @property
    def failed_step(self) -> int:
        """Index of the step whose loss was not finite, -1 where none was."""
        return int(self.status[0]) - 1

    @property
    def steps_done(self) -> int:
        """Steps that have ended, counted from the call's first; right also after an interrupt."""
        return int(self.status[1])

    def run(
        self,
        first_step: int,
        n_steps: int,
        *,
        samples: int,
        batch: int,
        workers: int,
        values: NDArray[np.float64],
        hyper: NDArray[np.floating],
        hyper_is_constant: bool,
        ticks: NDArray[np.int64] = team.NO_TICKS,
        seconds: float = 0.0,
    ) -> int:
        """Run steps; `values` (epochs, n_values) takes the sums. Returns the number of workers that took part.

        `ticks` (workers, n_rows), if given, takes the time of each row; `seconds` is how long it may take, about.
        """
        job = self._job
        job[:] = (
            self.arena_address,
            hyper.ctypes.data,
            0 if hyper_is_constant else hyper.strides[0],
            values.ctypes.data,
            self.n_values,
            self.status.ctypes.data,
            first_step,
            n_steps,
            -(-samples // batch),
            batch,
            samples,
            self._n_apart,
            self._samples_at_a_time,
        )
        return team.run(self.rows, self._contexts, job, workers, ticks, seconds)

    def run_epoch(
        self, samples: int, batch: int, workers: int, seconds: float = 0.0
    ) -> NDArray[np.float64]:
        """Run all steps of one epoch without an update rule; the sums, shape (1, n_values).

        `seconds` is how long it may take, about.
        """
        values = np.zeros((1, max(1, self.n_values)))
        self.status[:] = 0
        n_steps = -(-samples // batch)
        self.run(
            0,
            n_steps,
            samples=samples,
            batch=batch,
            workers=workers,
            values=values,
            hyper=_NO_HYPER,
            hyper_is_constant=True,
            seconds=seconds,
        )
        self.release()
        return values
