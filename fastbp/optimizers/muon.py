"""Steps along orthogonal directions: of a matrix as a whole, not of each of its numbers."""

import re
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fastbp.errors import ArgumentError
from fastbp.optimizers.adam import power
from fastbp.optimizers.gathering import Gathering, Orthogonalization
from fastbp.optimizers.optimizer import Addition, Column, Optimizer, optional, share, small_number
from fastbp.optimizers.schedules import Rate
from fastbp.specification import choose, real_number, truth_value, whole_number


@dataclass(frozen=True, repr=False)
class Muon(Optimizer):
    """Momentum whose matrices are made nearly orthogonal: ``w -= learning_rate * rms_rate * sqrt(max(n, k)) * X``.

    For each matrix (n, k) that it moves, ``m = momentum * m + g`` and, with Nesterov's momentum,
    ``u = g + momentum * m``, else ``u = m``. ``X = u / (norm(u) + 1e-7)``, by its wide side, goes `ns_steps` times
    through ``A = X X^T; X = muon_a X + (muon_b A + muon_c A A) X``, which brings all its singular values near 1.

    All other arrays, vectors and what is excluded, are moved by Adam, with a rate of ``learning_rate * adam_lr_ratio``.
    As the paper advises, name the output layer and exclude it: ``Muon(exclude_layers=["output"])``.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.001
    adam_beta_1 : float in [0, 1), default 0.9
    adam_beta_2 : float in [0, 1), default 0.999
    adam_weight_decay : float, optional, default 0.004
        As `weight_decay`, for what Adam moves; both are multiplied by `learning_rate` alone.
    epsilon : float above 0, default 1e-7
        Adam's.
    weight_decay : float, optional, default 0.004
        Of the matrices that Muon moves.
    exclude_layers : sequence of str, optional
        Regular expressions. Adam moves arrays in whose path, ``"dense_1/kernel"`` for instance, one of them is found.
    exclude_embeddings : bool, default True
        Whether Adam moves arrays in whose path "embedding" is found, as in that of each Embedding.
    muon_a, muon_b, muon_c : float, defaults 3.4445, -4.775, 2.0315
        The polynomial of the iteration.
    adam_lr_ratio : float, at least 0, default 1
    momentum : float in [0, 1), default 0.95
    ns_steps : int, default 5
        Iterations.
    nesterov : bool, default True
    rms_rate : float above 0, optional, default 0.2
        About the root of the mean square of a step, in learning rates, as Adam has it; with None a step is
        ``learning_rate * X``.
    **shared
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    ArgumentError
        If a number is out of its range, or `exclude_layers` holds no regular expressions; `compile` refuses one that is
        found nowhere.

    References
    ----------
    Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024; Liu et al., "Muon is scalable for
    LLM training", 2025, for weight decay and `rms_rate`.

    Examples
    --------
    >>> Muon(exclude_layers=["output"]).slots
    {'momentum': 0.0, 'velocity': 0.0}
    """

    learning_rate: Rate = 0.001
    adam_beta_1: float = 0.9
    adam_beta_2: float = 0.999
    adam_weight_decay: float | None = 0.004
    epsilon: float = 1e-7
    _: KW_ONLY
    weight_decay: float | None = 0.004
    exclude_layers: Sequence[str] | None = None
    exclude_embeddings: bool = True
    muon_a: float = 3.4445
    muon_b: float = -4.775
    muon_c: float = 2.0315
    adam_lr_ratio: float = 1.0
    momentum: float = 0.95
    ns_steps: int = 5
    nesterov: bool = True
    rms_rate: float | None = 0.2

    #: Adam's means start at 0 and are made up for it.
    columns_vary: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(
            self,
            adam_beta_1=share("adam_beta_1", self.adam_beta_1),
            adam_beta_2=share("adam_beta_2", self.adam_beta_2),
            adam_weight_decay=optional("adam_weight_decay", self.adam_weight_decay, minimum=0),
            epsilon=small_number("epsilon", self.epsilon),
            exclude_layers=_expressions(self.exclude_layers),
            exclude_embeddings=truth_value("exclude_embeddings", self.exclude_embeddings),
            muon_a=real_number("muon_a", self.muon_a),
            muon_b=real_number("muon_b", self.muon_b),
            muon_c=real_number("muon_c", self.muon_c),
            adam_lr_ratio=real_number("adam_lr_ratio", self.adam_lr_ratio, minimum=0),
            momentum=share("momentum", self.momentum),
            ns_steps=whole_number("ns_steps", self.ns_steps),
            nesterov=truth_value("nesterov", self.nesterov),
            rms_rate=optional("rms_rate", self.rms_rate, above=0),
        )

    @property
    def own_rule(self) -> str:
        """ "muon": Adam's, of what is no matrix."""
        return "muon"

    @property
    def own_slots(self) -> dict[str, float]:
        """The momentum, or Adam's mean; Adam's mean square, which stays 0 beside what Muon moves."""
        return {"momentum": 0.0, "velocity": 0.0}

    @property
    def gathering(self) -> Gathering:
        """That all gradients of a matrix are needed first, and what becomes of it."""
        orthogonalization = Orthogonalization(
            self.ns_steps,
            self.rms_rate is not None,
            tuple(self.exclude_layers or ()),
            self.exclude_embeddings,
        )
        gathering = super().gathering or Gathering(None)
        return replace(gathering, orthogonalization=orthogonalization)

    def own_columns(self, t: NDArray[np.float64], rate: NDArray[np.float64]) -> tuple[Column, ...]:
        """Adam's alpha, 1 - beta_1, 1 - beta_2, epsilon, decay; Muon's step, decay, momentum, shares of u, a, b, c."""
        grown = np.sqrt(1 - power(self.adam_beta_2, t)) / (1 - power(self.adam_beta_1, t))
        alpha = rate * self.adam_lr_ratio * grown
        adam = (alpha, 1 - self.adam_beta_1, 1 - self.adam_beta_2, self.epsilon)
        adam_decay = rate * (self.adam_weight_decay or 0.0)
        decay = rate * (self.weight_decay or 0.0)
        step = rate * (1.0 if self.rms_rate is None else self.rms_rate)
        shares = (1.0, self.momentum) if self.nesterov else (0.0, 1.0)
        polynomial = (self.muon_a, self.muon_b, self.muon_c)
        return *adam, adam_decay, step, decay, self.momentum, *shares, *polynomial

    def _additions(self) -> dict[str, Addition]:
        """Those of all optimizers; its rules have their own weight decay."""
        return {name: added for name, added in super()._additions().items() if name != "decay"}


def _expressions(wanted: object) -> tuple[str, ...]:
    if wanted is None:
        return ()
    if not isinstance(wanted, (list, tuple)) or not all(isinstance(each, str) for each in wanted):
        raise ArgumentError(
            "exclude_layers must be a list of regular expressions of layers' names, such as "
            f'["output"], not {wanted!r}'
        )
    for each in wanted:
        try:
            re.compile(each)
        except re.error as error:
            raise ArgumentError(
                f"exclude_layers has {each!r}, which is no regular expression ({error}): "
                f"{re.escape(each)!r} stands for these characters themselves"
            ) from error
    return tuple(wanted)
