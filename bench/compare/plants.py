"""Slowdowns that are planted into copies of the package, to see whether they are caught."""

from dataclasses import dataclass
from pathlib import Path


class PlantError(Exception):
    """A plant does not fit the sources any more."""


@dataclass(frozen=True)
class Edit:
    """In this file, of the package's folder, something stands once and is replaced."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Plant:
    """A slowdown. What is computed may be wrong, but is as many numbers of the same size."""

    name: str
    edits: tuple[Edit, ...]

    def __call__(self, folder: Path) -> None:
        """Plant it into the package in this folder.

        Raises
        ------
        PlantError
            If a place is not found, or not once.
        """
        for edit in self.edits:
            file = folder / edit.file
            text = file.read_text() if file.is_file() else ""
            if text.count(edit.old) != 1:
                raise PlantError(f"plant {self.name!r} no longer fits {edit.file}: mend it")
            file.write_text(text.replace(edit.old, edit.new))


_TERMS = """\
        if has_many:
            return add_many(tile, pointers, a, row, i, k1, b)
"""
_TWENTIETH = """\
        if has_many:
            tile = add_many(tile, pointers, a, row, k0, k0 + (k1 - k0) // 20, b)
        else:
            for j in range(k0, k0 + (k1 - k0) // 20):
                tile = add(tile, pointers, a, row, last, j, b)
"""


def _pass(arguments: str, after: str, row_stride: str, block_stride: str) -> Edit:
    """A worker's weights are read and written once more, behind what follows the product."""
    end = f"(weights, {arguments}, lanes, state),\n{after}"
    loop = f"""\
        for block in range(blocks[0], blocks[1]):
            for row in range(rows[0], rows[1]):
                at = r.weights + block * {block_stride} + row * {row_stride}
                simd.store(arena, at, simd.load(arena, at) + 0.0)
"""
    return Edit("fastbp/kernels/weight_gradients.py", end, end + loop)


PLANTS = (
    Plant(
        "5 % in the register tile",
        (Edit("fastbp/kernels/tile.py", _TERMS, _TWENTIETH + _TERMS),),
    ),
    Plant(
        "another pass over the weights",
        (
            _pass(
                "r.n_in * lanes",
                "            )  # fmt: skip\n            row = bottom\n",
                "lanes",
                "r.n_in * lanes",
            ),
            _pass("r.weights_stride", "        )  # fmt: skip\n", "r.weights_stride", "lanes"),
        ),
    ),
)
