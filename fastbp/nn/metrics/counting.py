"""What is counted for a metric that is made of counts: which outputs, above which thresholds, and of which targets."""

from typing import Any, NamedTuple

#: Below all outputs that there are, as in Keras: what counts as positive is then said by the order of outputs alone.
LOWEST = -1e10


class Counting(NamedTuple):
    """Which outputs of which targets are counted between which thresholds.

    Attributes
    ----------
    thresholds : tuple of float
        An output above one is predicted positive, in the order in which the user wants the answers; none where the
        order of a sample's outputs alone says what is predicted, or where thresholds are evenly spaced.
    apart : bool
        Whether each output has counts of its own.
    class_id : int
        The one output that counts, -1 for all.
    top_k : int
        So many of a sample's outputs, the largest, can be positive; 0 for all.
    soft : bool
        Whether targets between 0 and 1 count in part as positive; else one above 1/2 is positive.
    from_logits : bool
        Whether thresholds are those of the outputs' sigmoid.
    n_outputs : int
        That the model must have; 0 for any number.
    """

    thresholds: tuple[float, ...] = ()
    apart: bool = False
    class_id: int = -1
    top_k: int = 0
    soft: bool = False
    from_logits: bool = False
    n_outputs: int = 0

    @property
    def cuts(self) -> tuple[float, ...]:
        """The thresholds between which the kernel counts, each once, rising.

        Examples
        --------
        >>> Counting((0.7, 0.3, 0.7)).cuts, Counting(top_k=1).cuts
        ((0.3, 0.7), (-10000000000.0,))
        """
        return tuple(sorted(set(self.thresholds))) or (LOWEST,)

    def n_labels(self, n_outputs: int) -> int:
        """How many outputs have counts of their own."""
        return n_outputs if self.apart and self.class_id < 0 else 1

    @classmethod
    def from_config(cls, config: dict[str, Any] | None) -> "Counting | None":
        """What `_asdict` gave, after it was JSON."""
        if config is None:
            return None
        return cls(**{**config, "thresholds": tuple(config["thresholds"])})
