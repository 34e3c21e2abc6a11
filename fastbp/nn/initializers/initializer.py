"""What an initializer is."""

from dataclasses import dataclass, field, fields

from fastbp.errors import ArgumentError
from fastbp.specification import Specification, choose, whole_number


@dataclass(frozen=True)
class Initializer(Specification):
    """How the weights of one array are drawn."""


@dataclass(frozen=True, repr=False)
class RandomInitializer(Initializer):
    """One that draws numbers: by the model's seed and the array's place in it, or by a seed of its own.

    Parameters
    ----------
    seed : int, optional
        By keyword. Two arrays of the same shape whose initializers have the same seed start alike, as in Keras.
    """

    seed: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.seed is None:
            return
        seed = whole_number("seed", self.seed, minimum=0)
        if seed >= 1 << 63:
            raise ArgumentError(f"seed must be below 2**63, not {seed}")
        choose(self, seed=seed)

    def __repr__(self) -> str:
        """The settings, and the seed if it has one."""
        settings = {each.name: getattr(self, each.name) for each in fields(self)}
        seed = settings.pop("seed")
        if seed is not None:
            settings["seed"] = seed
        text = ", ".join(f"{name}={value!r}" for name, value in settings.items())
        return f"{type(self).__name__}({text})"
