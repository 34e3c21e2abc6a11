"""The optimizers: their settings, and what each update needs of them. The update rules are in fastbp/kernels.

The formulas are Keras 3's; ``t`` counts updates from 1.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fastbp.specification import Family, Specification, choose, real_number, truth_value


@dataclass(frozen=True)
class Optimizer(Specification):
    """How weights follow their gradients."""

    learning_rate: float

    def __post_init__(self) -> None:
        choose(self, learning_rate=real_number("learning_rate", self.learning_rate, minimum=0))

    @property
    def rule(self) -> str:
        """The name of the update rule among the kernels."""
        raise NotImplementedError

    @property
    def slots(self) -> tuple[str, ...]:
        """The arrays, of the weights' size and 0 at first, that the rule keeps beside the weights."""
        raise NotImplementedError

    @property
    def hyper_is_constant(self) -> bool:
        """Whether all updates have the same row in `hyper`."""
        return True

    def hyper(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """The rule's numbers for these updates.

        Parameters
        ----------
        steps : ndarray of int64 (n,)
            Numbers of updates, the first being 1.

        Returns
        -------
        ndarray of float64 (n, n_numbers)
            A row an update. Each rule has its own columns.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent: ``w -= learning_rate * g``.

    With momentum ``m = momentum * m - learning_rate * g; w += m``, and with Nesterov's
    ``w += momentum * m - learning_rate * g`` after that m.

    Parameters
    ----------
    learning_rate : float, default 0.01
    momentum : float in [0, 1), default 0
    nesterov : bool, default False

    Examples
    --------
    >>> SGD(0.1, momentum=0.9).hyper(np.array([1]))
    array([[0.1, 0.9]])
    """

    learning_rate: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(
            self,
            momentum=_share("momentum", self.momentum),
            nesterov=truth_value("nesterov", self.nesterov),
        )

    @property
    def rule(self) -> str:
        """ "sgd", "momentum" or "nesterov"."""
        if not self.momentum:
            return "sgd"
        return "nesterov" if self.nesterov else "momentum"

    @property
    def slots(self) -> tuple[str, ...]:
        """The momentum, if there is any."""
        return ("momentum",) if self.momentum else ()

    def hyper(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Columns: learning rate; with momentum, the momentum."""
        if self.momentum:
            return _rows(steps, self.learning_rate, self.momentum)
        return _rows(steps, self.learning_rate)


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """``v = rho * v + (1 - rho) * g**2; w -= learning_rate * g / sqrt(v + epsilon)``.

    With momentum ``m = momentum * m + learning_rate * g / sqrt(v + epsilon); w -= m``.

    Parameters
    ----------
    learning_rate : float, default 0.001
    rho : float in [0, 1), default 0.9
    momentum : float in [0, 1), default 0
    epsilon : float above 0, default 1e-7

    References
    ----------
    Hinton, "Neural networks for machine learning", lecture 6, 2012.
    """

    learning_rate: float = 0.001
    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(
            self,
            rho=_share("rho", self.rho),
            momentum=_share("momentum", self.momentum),
            epsilon=real_number("epsilon", self.epsilon, above=0),
        )

    @property
    def rule(self) -> str:
        """ "rmsprop" or "rmsprop_momentum"."""
        return "rmsprop_momentum" if self.momentum else "rmsprop"

    @property
    def slots(self) -> tuple[str, ...]:
        """The mean square of the gradient; the momentum, if there is any."""
        return ("velocity", "momentum") if self.momentum else ("velocity",)

    def hyper(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Columns: learning rate, rho, epsilon; with momentum, the momentum."""
        if self.momentum:
            return _rows(steps, self.learning_rate, self.rho, self.epsilon, self.momentum)
        return _rows(steps, self.learning_rate, self.rho, self.epsilon)


@dataclass(frozen=True)
class Adam(Optimizer):
    """``m += (1 - beta_1) * (g - m); v += (1 - beta_2) * (g**2 - v); w -= alpha * m / (sqrt(v) + epsilon)``.

    Here ``alpha = learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t)``.

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta_1 : float in [0, 1), default 0.9
    beta_2 : float in [0, 1), default 0.999
    epsilon : float above 0, default 1e-7

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", 2015, end of section 2.

    Examples
    --------
    >>> Adam().slots
    ('momentum', 'velocity')
    """

    learning_rate: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(
            self,
            beta_1=_share("beta_1", self.beta_1),
            beta_2=_share("beta_2", self.beta_2),
            epsilon=real_number("epsilon", self.epsilon, above=0),
        )

    @property
    def rule(self) -> str:
        """ "adam"."""
        return "adam"

    @property
    def slots(self) -> tuple[str, ...]:
        """The means of the gradient and of its square."""
        return ("momentum", "velocity")

    @property
    def hyper_is_constant(self) -> bool:
        """False: alpha grows into the learning rate."""
        return False

    def hyper(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Columns: alpha, 1 - beta_1, 1 - beta_2, epsilon."""
        rows = _rows(steps, 0.0, 1 - self.beta_1, 1 - self.beta_2, self.epsilon)
        t = np.asarray(steps, np.float64)
        rows[:, 0] = self.learning_rate * np.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        return rows


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam after ``w -= learning_rate * weight_decay * w``.

    Parameters
    ----------
    learning_rate : float, default 0.001
    weight_decay : float, default 0.004
    beta_1 : float in [0, 1), default 0.9
    beta_2 : float in [0, 1), default 0.999
    epsilon : float above 0, default 1e-7

    References
    ----------
    Loshchilov and Hutter, "Decoupled weight decay regularization", 2019.
    """

    weight_decay: float = field(default=0.004, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(self, weight_decay=real_number("weight_decay", self.weight_decay, minimum=0))

    @property
    def rule(self) -> str:
        """ "adamw"."""
        return "adamw"

    def hyper(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Columns: those of Adam, then learning rate times weight decay."""
        return np.hstack(
            [super().hyper(steps), _rows(steps, self.learning_rate * self.weight_decay)]
        )


OPTIMIZERS: Family[Optimizer] = Family(
    "optimizer",
    Optimizer,
    {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam, "adamw": AdamW},
)


def _share(name: str, value: object) -> float:
    return real_number(name, value, minimum=0, below=1)


def _rows(steps: NDArray[np.int64], *numbers: float) -> NDArray[np.float64]:
    return np.tile(np.array(numbers, np.float64), (len(steps), 1))
