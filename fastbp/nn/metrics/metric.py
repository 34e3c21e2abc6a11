"""What a metric is, whichever it is."""

from dataclasses import dataclass
from typing import Any

from fastbp.nn.activations import known_key
from fastbp.nn.metrics.counting import Counting
from fastbp.nn.metrics.kind import Numbers, Summand
from fastbp.nn.metrics.kinds import KINDS, n_figures, sums_of
from fastbp.specification import Specification, choose


@dataclass(frozen=True)
class Metric(Specification):
    """A figure that is reported and not minimized.

    Attributes
    ----------
    name : str
        The key in `History.history`, as the user wrote it.
    kind : str
        What is computed, one of `METRICS`.
    numbers : tuple of float, default ()
        Those in the formula, a threshold for instance; by default the kind's own.
    weighted : bool, default False
        Whether samples count by their weights: those that `compile` got as `weighted_metrics`.
    n_outputs : int, default 1
        Of the model, where the metric has sums for each.
    counting : Counting or None
        Which outputs are counted at which thresholds, where it is not all of them at the one in `numbers`.
    """

    name: str
    kind: str
    numbers: Numbers = ()
    weighted: bool = False
    n_outputs: int = 1
    counting: Counting | None = None

    def __post_init__(self) -> None:
        kind = KINDS.get(self.kind)
        default = kind.numbers if kind is not None else ()
        given = tuple(self.numbers)
        choose(self, numbers=given + default[len(given) :])
        if self.counting is None and kind is not None:
            choose(self, counting=kind.counting)

    @property
    def sums(self) -> tuple[Summand, ...]:
        """What the network has to add up."""
        return sums_of(self.kind, self.numbers, self.weighted, self.n_outputs, self.counting)

    @property
    def n_figures(self) -> int:
        """How many numbers it is: one for each threshold, one for each output, or one."""
        return n_figures(self.kind, self.n_outputs, self.counting)

    @property
    def minimize(self) -> bool | None:
        """Whether less is better; None where only the user knows."""
        return KINDS[self.kind].minimize

    def to_config(self) -> dict[str, Any]:
        """Return the settings as plain values that JSON can hold; without a counting, those of older files."""
        config = super().to_config()
        del config["counting"]
        if self.counting is not None:
            config["counting"] = self.counting._asdict()
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Metric":
        """Return the metric whose `to_config` gave `config`; the number of outputs is the model's."""
        kind = config["kind"]
        return Metric(
            config["name"],
            # With a fingerprint, that of a function of the user's own.
            known_key(kind) if "-" in kind else kind,
            tuple(config.get("numbers", ())),
            config.get("weighted", False),
            counting=Counting.from_config(config.get("counting")),
        )
