"""A network that lives: its parameters, its optimizer's state, and the programs that run on them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from threading import get_ident
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbp.compiler.request import Goal, InputKind, Measure, Request
from fastbp.engine.profile import PROFILE_STEPS, Profile, measure
from fastbp.engine.programs import NetworkPrograms
from fastbp.engine.progress import Progress
from fastbp.engine.single_update import SingleUpdate
from fastbp.engine.team import Offer
from fastbp.engine.training import FLOPS_PER_SECOND, FLOPS_WORTH_A_TEAM, Chunks, train
from fastbp.errors import ArgumentError
from fastbp.nn.metrics.chosen import sums_to_add
from fastbp.runtime.threads import available_workers, chosen_workers
from fastbp.source import Source

#: Samples that a forward-only program takes at once.
_FORWARD_BATCH = 512


class Network(NetworkPrograms):
    """Parameters, optimizer state and programs of one network.

    Parameters
    ----------
    n_inputs : int
        Columns of the input.
    layers : sequence of Layer
        Those that compute.
    dtype : {"float32", "float64"}
    weights : list of ndarray
        In Keras's order: kernel (n_in, n_out) and bias (n_out,) of each dense layer in turn, and so on.
    normalization : tuple of ndarray (n_inputs,) or None
        Mean and scale: inputs become ``(x - mean) * scale`` while they are gathered.

    Attributes
    ----------
    steps : int
        Steps done since the optimizer was configured.
    changes : int
        How often somebody set weights, the optimizer or its state.
    seed : int
        What noise in training depends on; it may be set between two calls.
    """

    def configure(self, loss: Any, optimizer: Any, metrics: Sequence[Any] = ()) -> None:
        """Choose what training minimizes, how, and what is reported; resets the optimizer's state.

        Parameters
        ----------
        loss : Loss
        optimizer : Optimizer or None
        metrics : sequence of Metric

        Raises
        ------
        ArgumentError
            While it is being trained.
        """
        with self.lock:
            self.refuse_while_training()
            self._goal = Goal(
                loss.kind,
                loss.targets == "classes",
                tuple(Measure(*each) for each in sums_to_add(metrics)),
                loss.numbers,
                loss.label_smoothing,
                loss.output_activation,
                loss.by_weight,
            )
            self._forget_programs()
            self._begin_with(optimizer)

    def refuse_while_training(self) -> None:
        """Raise ArgumentError where another thread, or who has called this one, is training it."""
        if self._trainer not in (None, get_ident()):
            raise ArgumentError(
                "another thread is training this model: it can be asked and its weights can be set meanwhile, but "
                "not trained or compiled"
            )
        if self._is_training:
            raise ArgumentError(
                "a callback cannot train or compile the model that is being trained, except between epochs"
            )

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """While it lasts, this thread alone can train and configure the network.

        Raises
        ------
        ArgumentError
            If it is being trained.
        """
        with self.lock:
            self.refuse_while_training()
            before, self._trainer = self._trainer, get_ident()
        try:
            yield
        finally:
            self._trainer = before

    @cached_property
    def flops_per_sample(self) -> int:
        """Arithmetic of a training step for one sample."""
        return sum(2 * o.n_in * o.n_out * (2 if o.is_first else 3) for o in self._layout.dense)

    # --- what runs ---

    def train(
        self,
        inputs: Source,
        targets: Source,
        sample_weight: Source | None,
        orders: NDArray[np.int64] | None,
        *,
        batch_size: int,
        threads: int | str = "auto",
        between: Callable[[Progress], bool | None] | None = None,
        most_steps: Callable[[], int | None] | None = None,
        first_step: int = 0,
        sums: NDArray[np.float64] | None = None,
        n_epochs: int = 1,
        elsewhere: Callable[[], float] | None = None,
        offer: Offer | None = None,
    ) -> NDArray[np.float64]:
        """Train for as many epochs as `orders` has rows.

        Parameters
        ----------
        inputs, targets : Source
        sample_weight : Source or None
        orders : ndarray of int64 (n_epochs, n_used), or None
            The order of the samples in each epoch; None for `n_epochs` of all as they lie.
        batch_size : int
            Samples of a step. `n_used` may be smaller: then the one step of an epoch has the bits of a last short
            batch of this size, which those of a small batch are not.
        threads : int or "auto"
        between : callable, optional
            Called between chunks, with the state at a whole step. Returning True stops. It may set weights and the
            optimizer, and ask for gradients, predictions and evaluations.
        most_steps : callable, optional
            Tells before each chunk how many steps it may have at most; None if that does not matter.
        first_step : int, default 0
            Steps of the first epoch that were done before.
        sums : ndarray of float64 (1 + n_sums,), optional
            The loss, and what the metrics add up, summed over the samples of these steps.
        elsewhere : callable, optional
            Tells before each chunk for how many seconds, about, another thread will need a processor.
        offer : callable, optional
            Takes, before a chunk of a team of two that one begins alone, a function that the thread may call to be the
            other, as soon as it is done with what it is at; and None when the chunk has ended.

        Returns
        -------
        ndarray of float64 (epochs done, 1 + n_sums)
            Means of the loss, and of what the metrics add up, over the samples of each epoch, of those seen if it was
            stopped there.

        Raises
        ------
        DivergedError
            When a loss is not finite. The weights are the last finite ones.
        ArgumentError
            If `between` asks for this.
        """
        if orders is not None:
            orders = np.ascontiguousarray(orders, np.int64)
        workers, automatic = self._workers_for(batch_size, threads)
        # Without somebody to be told between chunks another thread that trains waits for the end.
        with self.lock if between is None else self.reserved():
            with self.lock:
                self.refuse_while_training()
                session = self._prepared_session(
                    batch_size, inputs, targets, sample_weight, threads, training=True
                )
                began = (self.seed, self.steps - first_step)
                session.bind(
                    workers, inputs, targets, sample_weight, orders, stops=True, noise=began
                )
            try:
                self._is_training = True
                return train(
                    self,
                    session,
                    (n_epochs, inputs.n_samples) if orders is None else orders.shape,
                    batch_size,
                    workers,
                    automatic,
                    between,
                    most_steps,
                    first_step,
                    sums,
                    elsewhere if workers >= available_workers() else None,
                    offer,
                )
            finally:
                self._is_training = False

    def single_update(
        self,
        inputs: Source,
        targets: Source,
        threads: int | str,
        n_classes: int,
        bounds: tuple[float, float] | None,
    ) -> SingleUpdate | None:
        """What makes the update that `train` has just made with all of these samples again, with others of their form.

        None where more than one worker has its part in it. `n_classes` and `bounds` are what `SingleUpdate` takes.
        """
        n_samples = inputs.n_samples
        workers, automatic = self._workers_for(n_samples, threads)
        if workers > 1 and not automatic:
            return None
        with self.lock:
            session = self._prepared_session(
                n_samples, inputs, targets, None, threads, training=True
            )
            if self.kept is None:
                return None
            choice = session.choice(workers, True) if workers > 1 else None
            return SingleUpdate(self, session, inputs, targets, n_classes, bounds, choice)

    def _workers_for(self, batch_size: int, threads: int | str) -> tuple[int, bool]:
        """The most workers for a step, and whether fewer may do."""
        automatic = threads == "auto"
        is_small = automatic and self.flops_per_sample * batch_size < FLOPS_WORTH_A_TEAM
        return 1 if is_small else chosen_workers(threads), automatic

    def profile(
        self,
        inputs: Source,
        targets: Source,
        sample_weight: Source | None,
        order: NDArray[np.int64],
        *,
        batch_size: int,
        threads: int | str,
        seconds: float,
    ) -> Profile:
        """Time each kernel of a training step for about so many seconds; the network stays as it was.

        Parameters
        ----------
        order : ndarray of int64 (n_used,)
            The order of the samples.
        inputs, targets, sample_weight, batch_size, threads
            As in `train`.
        """
        order = np.ascontiguousarray(order, np.int64)
        samples, batch = len(order), min(batch_size, len(order))
        per_epoch = -(-samples // batch)
        orders = np.tile(order, (PROFILE_STEPS // per_epoch + 1, 1))
        workers = chosen_workers(threads)
        with self.lock:
            how = self._optimizer.rule, self._optimizer.gathering, True
            request = self._request(batch, inputs, targets, sample_weight, *how)
            # One of its own, since the other may be in the middle of training.
            session = self.with_room(self._new_session(request, workers))

            def run(n_steps: int, ticks: NDArray[np.int64] | None) -> int:
                values = np.zeros((-(-n_steps // per_epoch), session.n_values))
                chunks = Chunks(self, session, samples, batch, values, 0)
                return chunks.steps(0, n_steps, workers, values, ticks)

            kept = self.snapshot()
            now = (self.seed, self.steps)
            session.bind(workers, inputs, targets, sample_weight, orders, noise=now)
            try:
                return measure(
                    session,
                    run,
                    workers=workers,
                    dtype=self._dtype,
                    batch_size=batch,
                    seconds=seconds,
                )
            finally:
                self.restore(kept)

    def evaluate(
        self,
        inputs: Source,
        targets: Source,
        sample_weight: Source | None = None,
        *,
        batch_size: int | None = None,
        threads: int | str = "auto",
    ) -> NDArray[np.float64]:
        """Means of the loss, and of what the metrics add up, over a set, shape (1 + n_sums,)."""
        sums = self.add_up(inputs, targets, sample_weight, batch_size=batch_size, threads=threads)
        return np.asarray(sums / inputs.n_samples)

    def add_up(
        self,
        inputs: Source,
        targets: Source,
        sample_weight: Source | None = None,
        *,
        batch_size: int | None = None,
        threads: int | str = "auto",
        sums: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """As `evaluate`, but sums over the samples; with `sums` those of other samples go on."""
        return self._forward_only(inputs, targets, sample_weight, batch_size, threads, None, sums)

    def predict(
        self, inputs: Source, *, batch_size: int | None = None, threads: int | str = "auto"
    ) -> NDArray[np.floating]:
        """Outputs for a set, shape (n_samples, n_outputs).

        Where the program has looked at all inputs, and they are finite, the source is told so.
        """
        outputs = np.empty((inputs.n_samples, self.n_outputs), self._dtype)
        self._forward_only(inputs, None, None, batch_size, threads, outputs)
        return outputs

    def gradients(
        self,
        inputs: Source,
        targets: Source,
        sample_weight: Source | None = None,
        *,
        training: bool = False,
    ) -> tuple[float, list[NDArray[np.floating]]]:
        """Loss of a set as one batch, and its gradients in the order of `weights`.

        With `training` they are those of the next training step, were these its samples.
        """
        n = inputs.n_samples
        request = self._request(n, inputs, targets, sample_weight, "store", training=training)
        with self.lock:
            session = self._session(request, 1)
            session.bind(1, inputs, targets, sample_weight, None, noise=(self.seed, self.steps))
            sums = session.run_epoch(n, n, 1)
            begin = session.gradients
            arrays = self._layout.read(self._arena.array[begin : begin + self._layout.size])
        return float(sums[0]) / n, arrays

    def _forward_only(
        self,
        inputs: Source,
        targets: Source | None,
        sample_weight: Source | None,
        batch_size: int | None,
        threads: int | str,
        outputs: NDArray[np.floating] | None,
        sums: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        n = inputs.n_samples
        batch = min(batch_size or _FORWARD_BATCH, n)
        is_small = threads == "auto" and self.flops_per_sample * n < 3_000_000
        workers = 1 if is_small else chosen_workers(threads)
        seconds = self.flops_per_sample * n / FLOPS_PER_SECOND
        with self.lock:
            session = self._prepared_session(
                batch, inputs, targets, sample_weight, threads, training=False
            )
            session.bind(workers, inputs, targets, sample_weight, None, outputs)
            found = session.run_epoch(n, batch, workers, seconds, sums)
            inputs.is_finite |= session.looks and session.failed_step < 0
            return found

    def memory_plan(self, batch_size: int) -> dict[str, int]:
        """Bytes that training at this batch size will take with all workers, by purpose."""
        itemsize = self._dtype.itemsize
        parameters = self._layout.size * itemsize
        state = parameters * self._n_slots
        plan = {"parameters": parameters, "optimizer_state": state}
        if self._goal is not None and self._optimizer is not None:
            targets = "int64" if self._goal.sparse else self._dtype.name
            kind = InputKind(self._dtype.name, self._normalization is None)
            optimizer = self._optimizer
            request = Request(
                batch_size,
                kind,
                targets,
                rule=optimizer.rule,
                gathering=optimizer.gathering,
                training=True,
            )
            workers = chosen_workers("auto")
            with self.lock:
                session = self._session(request, workers)
            plan["activations"] = session.workspace * itemsize
            # A copy, to which a diverged run goes back.
            plan["last_finite_state"] = parameters + state
            if session.panels:
                plan["packed_operands"] = workers * session.panels * itemsize
        plan["total"] = sum(plan.values())
        return plan
