"""What must have all gradients of a step before the weights change."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Orthogonalization:
    """Which matrices Muon moves along orthogonal directions, and how it comes by these.

    Attributes
    ----------
    steps : int
        Iterations of Newton and Schulz.
    scaled : bool
        Whether a step grows with the root of the longer side.
    excluded : tuple of str
        Regular expressions of the paths of arrays that are left out.
    without_embeddings : bool
        Whether those whose path has "embedding" in it are.
    """

    steps: int
    scaled: bool
    excluded: tuple[str, ...]
    without_embeddings: bool

    def takes(self, path: str, shape: tuple[int, ...]) -> bool:
        """Whether it moves this array."""
        if len(shape) != 2 or (self.without_embeddings and "embedding" in path.lower()):
            return False
        return not any(re.search(each, path) for each in self.excluded)


@dataclass(frozen=True)
class Gathering:
    """What is done with gradients before they reach the update rule.

    Attributes
    ----------
    norm : {"array", "network"} or None
        Whose norm is clipped: that of each array by itself, or that of all of them together.
    batches : int
        How many batches' gradients are averaged for an update.
    orthogonalization : Orthogonalization or None
        What matrices are put through, if there is anything.
    """

    norm: str | None
    batches: int = 1
    orthogonalization: Orthogonalization | None = None

    @property
    def accumulates(self) -> bool:
        """Whether the gradients of several batches are added."""
        return self.batches > 1
