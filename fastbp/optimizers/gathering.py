"""What must have all gradients of a step before the weights change."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Gathering:
    """What is done with gradients before they reach the update rule.

    Attributes
    ----------
    norm : {"array", "network"} or None
        Whose norm is clipped: that of each array by itself, or that of all of them together.
    batches : int
        How many batches' gradients are averaged for an update.
    """

    norm: str | None
    batches: int = 1

    @property
    def accumulates(self) -> bool:
        """Whether the gradients of several batches are added."""
        return self.batches > 1
