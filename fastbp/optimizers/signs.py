"""Steps whose direction is the sign of a gradient alone."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fastbp.errors import ArgumentError, unknown_name
from fastbp.optimizers.optimizer import Column, Optimizer, share
from fastbp.optimizers.schedules import LearningRateSchedule, Rate
from fastbp.specification import choose, real_number

_VARIANTS = ("plus", "minus", "iplus", "iminus")


@dataclass(frozen=True, repr=False)
class Lion(Optimizer):
    """``w -= learning_rate * sign(beta_1 * m + (1 - beta_1) * g); m = beta_2 * m + (1 - beta_2) * g``.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.001
    beta_1 : float in [0, 1), default 0.9
    beta_2 : float in [0, 1), default 0.99
    **shared
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    ArgumentError
        If a number is out of its range.

    References
    ----------
    Chen et al., "Symbolic discovery of optimization algorithms", 2023.
    """

    learning_rate: Rate = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.99

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(self, beta_1=share("beta_1", self.beta_1), beta_2=share("beta_2", self.beta_2))

    @property
    def own_rule(self) -> str:
        """ "lion"."""
        return "lion"

    @property
    def own_slots(self) -> dict[str, float]:
        """The mean of the gradient."""
        return {"momentum": 0.0}

    def own_columns(self, t: NDArray[np.float64], rate: NDArray[np.float64]) -> tuple[Column, ...]:
        """Learning rate, beta_1, 1 - beta_1, beta_2, 1 - beta_2."""
        return rate, self.beta_1, 1 - self.beta_1, self.beta_2, 1 - self.beta_2


@dataclass(frozen=True, repr=False)
class Rprop(Optimizer):
    """Resilient backpropagation: each weight has a step of its own, which grows while the gradient keeps its sign.

    ``step = min(eta_plus * step, maximum_step)`` where the gradient has the sign of the one before,
    ``max(eta_minus * step, minimum_step)`` where it has turned, then ``w -= step * sign(g)``. The variants differ in
    what they do where it has turned:

    * "minus" goes on, with the shorter step;
    * "plus" takes the last step of this weight back, and the next gradient counts as of no sign before;
    * "iminus" stays, and the next gradient counts as of no sign before;
    * "iplus" does as "plus" where the loss has grown since the update before, else as "iminus".

    It is for the whole set at once: the signs of gradients of different samples say nothing about each other. So `fit`
    takes all samples in a step unless told otherwise, and refuses smaller batches. Noise, as that of a Dropout, is
    drawn anew for each update and turns signs by chance: leave such layers away.

    Parameters
    ----------
    learning_rate : float, default 0.01
        The first step of all weights; no schedule, as the steps find their size. ``weight_decay`` multiplies it.
    variant : {"plus", "minus", "iplus", "iminus"}, default "iminus"
    eta_minus : float in (0, 1), default 0.5
    eta_plus : float above 1, default 1.2
    minimum_step : float above 0, default 1e-6
    maximum_step : float, default 50
    **shared
        What all optimizers take, but for `gradient_accumulation_steps`: see `Optimizer`.

    Raises
    ------
    ArgumentError
        If a number is out of its range, there is no such variant, the learning rate is a schedule, or gradients are to
        be accumulated.

    References
    ----------
    Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning: the RPROP algorithm", 1993;
    Igel and Hüsken, "Empirical evaluation of the improved Rprop learning algorithms", 2003, for the variants.
    """

    learning_rate: Rate = 0.01
    variant: str = "iminus"
    eta_minus: float = 0.5
    eta_plus: float = 1.2
    minimum_step: float = 1e-6
    maximum_step: float = 50.0

    takes_whole_set: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.learning_rate, LearningRateSchedule):
            raise ArgumentError(
                "learning_rate of Rprop is the first step of all weights, which find their own sizes from then on: "
                "give a number instead of a schedule"
            )
        if self.gradient_accumulation_steps is not None:
            raise ArgumentError(
                "Rprop takes all samples in a step, so that there are no batches whose gradients could be accumulated: "
                "leave gradient_accumulation_steps away"
            )
        if self.variant not in _VARIANTS:
            raise unknown_name("variant of Rprop", self.variant, _VARIANTS)
        choose(
            self,
            eta_minus=real_number("eta_minus", self.eta_minus, above=0, below=1),
            eta_plus=real_number("eta_plus", self.eta_plus, above=1),
            minimum_step=real_number("minimum_step", self.minimum_step, above=0),
            maximum_step=real_number("maximum_step", self.maximum_step, above=0),
        )
        if self.minimum_step > self.maximum_step:
            raise ArgumentError(
                f"minimum_step={self.minimum_step} lies above maximum_step={self.maximum_step}"
            )

    @property
    def own_rule(self) -> str:
        """ "rprop_" and the variant."""
        return f"rprop_{self.variant}"

    @property
    def own_slots(self) -> dict[str, float]:
        """The steps and the last gradient; of "iplus" also the last loss, beside each weight."""
        assert isinstance(self.learning_rate, float)
        slots = {"step_size": self.learning_rate, "gradient": 0.0}
        return {**slots, "loss": 0.0} if self.variant == "iplus" else slots

    def own_columns(self, t: NDArray[np.float64], rate: NDArray[np.float64]) -> tuple[Column, ...]:
        """Eta minus, eta plus, smallest and largest step; of "iplus" then the loss, which the step itself fills in."""
        numbers = self.eta_minus, self.eta_plus, self.minimum_step, self.maximum_step
        return (*numbers, 0.0) if self.variant == "iplus" else numbers
