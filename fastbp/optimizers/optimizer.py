"""What all optimizers share: the learning rate and its schedule, weight decay, clipping, accumulation, averages.

The formulas of all optimizers are Keras 3's, where Keras has them; ``t`` counts updates from 1.
"""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field, fields, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fastbp.errors import ArgumentError
from fastbp.optimizers.gathering import Gathering
from fastbp.optimizers.schedules import SCHEDULES, LearningRateSchedule, Rate, as_learning_rate
from fastbp.specification import (
    Specification,
    check_name,
    choose,
    real_number,
    truth_value,
    whole_number,
)

#: A column of `Optimizer.hyper`: a number that all updates share, or one for each.
Column = float | NDArray[np.float64]

#: Below it a number is none that float32 can hold exactly.
_SMALLEST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, repr=False)
class Optimizer(Specification):
    """How weights follow their gradients.

    An optimizer of its own states `own_rule`, `own_slots` and `own_columns`; what all share is added here.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable
        A number, one of `fastbp.optimizers.schedules`, or any function of the number of batches trained on before,
        which returns a number. Such a function is called ahead of the updates, perhaps more than once for one of
        them, so it must depend on its argument alone.
    weight_decay : float, optional
        Before each update ``w -= learning_rate * weight_decay * w``, for kernels and biases alike.
    clipvalue : float above 0, optional
        Each number of the gradient, penalties included, is brought between ``-clipvalue`` and ``clipvalue``.
    clipnorm : float above 0, optional
        The gradient of each array, a kernel or a bias, is multiplied by ``clipnorm / max(norm, clipnorm)``, its norm
        being the root of the sum of its squares.
    global_clipnorm : float above 0, optional
        The same with one norm of all gradients together, those of layers that are not trained left out. Of the three
        ways to clip, one at most can be chosen.
    gradient_accumulation_steps : int of at least 2, optional
        Weights change after each so many batches only, by the mean of the batches' gradients, which is then clipped.
        Batches count as they come: a sum that an epoch leaves open is part of the optimizer's state, and the next
        epoch, or a loaded model, goes on with it. For ``t``, for the average of the weights and for
        `ema_overwrite_frequency`, these batches are one update. A schedule counts batches, as it does without: the
        rate of an update is that of its last batch. So it is in Keras, which however moves the average after every
        batch.
    use_ema : bool, default False
        Whether a moving average of the weights is kept, ``average += (1 - ema_momentum) * (w - average)`` after each
        update, the first one's weights being the first average. At its end `fit` replaces the weights by it.
    ema_momentum : float in [0, 1), default 0.99
    ema_overwrite_frequency : int, optional
        Replace the weights by the average also after each so many updates.
    name : str, optional
        Taken for Keras's sake; model files keep it.

    Raises
    ------
    ArgumentError
        If a number is out of its range, more than one way to clip is chosen, or `ema_overwrite_frequency` goes without
        `use_ema`.
    """

    learning_rate: Rate
    _: KW_ONLY
    weight_decay: float | None = None
    clipvalue: float | None = None
    clipnorm: float | None = None
    global_clipnorm: float | None = None
    gradient_accumulation_steps: int | None = None
    use_ema: bool = False
    ema_momentum: float = 0.99
    ema_overwrite_frequency: int | None = None
    name: str | None = field(default=None, compare=False)

    #: Whether the own columns differ from update to update at a constant learning rate.
    columns_vary: ClassVar[bool] = False
    #: Whether an update wants all samples, since it compares their gradient with that of the update before.
    takes_whole_set: ClassVar[bool] = False

    def __post_init__(self) -> None:
        frequency, accumulated = self.ema_overwrite_frequency, self.gradient_accumulation_steps
        choose(
            self,
            learning_rate=as_learning_rate(self.learning_rate),
            weight_decay=optional("weight_decay", self.weight_decay, minimum=0),
            **{name: optional(name, getattr(self, name), above=0) for name in _CLIPPING},
            gradient_accumulation_steps=(
                None
                if accumulated is None
                else whole_number("gradient_accumulation_steps", accumulated, minimum=2)
            ),
            use_ema=truth_value("use_ema", self.use_ema),
            ema_momentum=share("ema_momentum", self.ema_momentum),
            ema_overwrite_frequency=(
                None if frequency is None else whole_number("ema_overwrite_frequency", frequency)
            ),
        )
        if frequency is not None and not self.use_ema:
            raise ArgumentError("ema_overwrite_frequency needs averages: add use_ema=True")
        check_name(self.name)
        chosen = [name for name in _CLIPPING if getattr(self, name) is not None]
        if len(chosen) > 1:
            raise ArgumentError(
                f"{' and '.join(chosen)} are ways to clip the same gradients: choose one of them"
            )

    def __repr__(self) -> str:
        """The own settings, and of those that all share the ones that were chosen."""
        shared = {each.name: each.default for each in fields(Optimizer)[1:]}
        settings = [
            f"{each.name}={getattr(self, each.name)!r}"
            for each in fields(self)
            if each.name not in shared or getattr(self, each.name) != shared[each.name]
        ]
        return f"{type(self).__name__}({', '.join(settings)})"

    def _remedy(self, name: str, value: object) -> str:
        remedy = f"model.optimizer = dataclasses.replace(model.optimizer, {name}={value!r})"
        if name != "learning_rate":
            return f"use {remedy}, or compile the model again"
        return (
            f"use {remedy}, one of fastbp.optimizers.schedules, or the callback LearningRateScheduler or "
            "ReduceLROnPlateau"
        )

    # --- what an optimizer states ---

    @property
    def own_rule(self) -> str:
        """The name of its update rule among the kernels."""
        raise NotImplementedError

    @property
    def own_slots(self) -> dict[str, float]:
        """The arrays of the weights' size that its rule keeps, by name, and the number that each starts with."""
        return {}

    def own_columns(self, t: NDArray[np.float64], rate: NDArray[np.float64]) -> tuple[Column, ...]:
        """The numbers that its rule takes, in its order, for updates `t` with learning rates `rate`, (n,) each."""
        raise NotImplementedError

    # --- what follows from it ---

    @property
    def rule(self) -> str:
        """The name of the whole update rule: the own one, and what is added to it."""
        return "+".join([self.own_rule, *self._additions()])

    @property
    def slots(self) -> dict[str, float]:
        """The arrays that are kept beside the weights, the rule's first, and the number that each starts with."""
        average = {"average": 0.0} if self.use_ema else {}
        accumulator = {"gradient_accumulator": 0.0} if self.gradient_accumulation_steps else {}
        return {**self.own_slots, **average, **accumulator}

    @property
    def gathering(self) -> Gathering | None:
        """What is done with all gradients before the rule is applied; None where nothing is."""
        norm = "array" if self.clipnorm is not None else None
        norm = "network" if self.global_clipnorm is not None else norm
        batches = self.gradient_accumulation_steps or 1
        return None if norm is None and batches == 1 else Gathering(norm, batches)

    @property
    def hyper_is_constant(self) -> bool:
        """Whether all steps have the same row in `hyper`."""
        is_constant = isinstance(self.learning_rate, float) and not self.columns_vary
        return is_constant and not self.use_ema and not self.gradient_accumulation_steps

    def updates(self, steps: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which update each of these steps belongs to, both counted from 1."""
        return (np.asarray(steps, np.int64) - 1) // (self.gradient_accumulation_steps or 1) + 1

    def n_updates(self, steps: int) -> int:
        """How many updates have been done after so many steps."""
        return steps // (self.gradient_accumulation_steps or 1)

    def hyper(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """The numbers for these steps.

        Parameters
        ----------
        steps : ndarray of int64 (n,)
            Numbers of steps, the first being 1.

        Returns
        -------
        ndarray of float64 (n, n_numbers)
            A row a step: the own columns, those of what is added to the rule; then, where a norm is clipped, its
            limit; then, where gradients are accumulated, what their sum is multiplied by, 0 while they are only added.

        Raises
        ------
        ArgumentError
            If a learning rate of the schedule cannot be.
        """
        t = self.updates(steps).astype(np.float64)
        rate = self.rates(steps)
        columns = list(self.own_columns(t, rate))
        for added in self._additions().values():
            columns += added(self, t, rate)
        columns += [limit for limit in (self.clipnorm, self.global_clipnorm) if limit is not None]
        batches = self.gradient_accumulation_steps
        if batches is not None:
            columns.append(np.where(np.asarray(steps) % batches == 0, 1.0 / batches, 0.0))
        table = np.empty((len(t), len(columns)))
        for place, column in enumerate(columns):
            table[:, place] = column
        return table

    def rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """The learning rates of these steps, (n,)."""
        if not isinstance(self.learning_rate, LearningRateSchedule):
            return np.full(len(steps), self.learning_rate)
        rates = self.learning_rate.rates(np.asarray(steps, np.int64) - 1)
        wrong = ~(np.isfinite(rates) & (rates >= 0))
        if wrong.any():
            first = int(wrong.argmax())
            counted = "batches" if self.gradient_accumulation_steps else "updates"
            name = f"learning_rate after {int(steps[first]) - 1} {counted}"
            real_number(name, float(rates[first]), minimum=0)
        return rates

    def storable(self, step: int) -> "Optimizer":
        """The same, as it can be written to a file before step `step`: with a number instead of a Python function."""
        if isinstance(self.learning_rate, float) or self.learning_rate in SCHEDULES:
            return self
        return replace(self, learning_rate=float(self.rates(np.array([step]))[0]))

    def _additions(self) -> Mapping[str, "Addition"]:
        """What is added to the own rule, by the names that the kernels know it by."""
        return {name: added for name, (is_on, added) in _ADDITIONS.items() if is_on(self)}


Addition = Callable[[Optimizer, NDArray[np.float64], NDArray[np.float64]], list[Column]]


def _average(
    optimizer: Optimizer, t: NDArray[np.float64], rate: NDArray[np.float64]
) -> list[Column]:
    frequency = optimizer.ema_overwrite_frequency
    overwrites = 0.0 if frequency is None else (t % frequency == 0).astype(np.float64)
    return [np.where(t == 1, 0.0, optimizer.ema_momentum), overwrites]


#: The ways to clip gradients.
_CLIPPING = ("clipvalue", "clipnorm", "global_clipnorm")

#: In the order in which they enclose the own rule, the last being the outermost: whether each is on, and its columns.
_ADDITIONS: dict[str, tuple[Callable[[Optimizer], bool], Addition]] = {
    "decay": (lambda o: bool(o.weight_decay), lambda o, t, rate: [rate * (o.weight_decay or 0.0)]),
    "clip": (lambda o: o.clipvalue is not None, lambda o, t, rate: [o.clipvalue or 0.0]),
    "average": (lambda o: o.use_ema, _average),
}


def share(name: str, value: object) -> float:
    """Return `value` if it is a number from 0 to below 1."""
    return real_number(name, value, minimum=0, below=1)


def small_number(name: str, value: object) -> float:
    """Return `value` if it is a number above 0 also in float32: what keeps a divisor from being 0."""
    return real_number(name, value, minimum=_SMALLEST)


def optional(name: str, value: object, **bounds: float) -> float | None:
    """Return `value` if it is None, or a number within these bounds."""
    return None if value is None else real_number(name, value, **bounds)
