"""The house holds its shape: dependencies between rooms point down, and outside packages stay where they belong."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import fastbp

PACKAGE = Path(fastbp.__file__).parent

# From the top down; a room may use those below it. "fastbp" is the package's own __init__.py.
ROOMS = (
    "__main__",
    "cli",
    "sklearn",
    "fastbp",
    "activations",
    "constraints",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "regularizers",
    "sequential",
    "model",
    "questions",
    "weights",
    "callbacks",
    "training",
    "data",
    "storage",
    "engine",
    "compiler",
    "nn",
    "optimizers",
    "kernels",
    "runtime",
    "specification",
    "source",
    "errors",
)

# Where an outside package may be imported, by the beginning of a file's path; anything else is free for all.
OUTSIDE = {
    "numba": ("engine/", "compiler/", "kernels/", "runtime/", "cli/doctor.py"),
    "llvmlite.ir": ("kernels/simd", "engine/atomics.py", "runtime/lowering.py"),
    "pickle": ("runtime/cache.py",),
    "safetensors": ("storage/",),
    "pandas": ("data/readers.py",),
    "pyarrow": ("data/readers.py",),
    "typer": ("cli/",),
    "rich": ("cli/",),
    "matplotlib": ("cli/",),
    "sklearn": ("sklearn.py",),
    "tensorboardX": ("callbacks/tensor_board.py",),
}


class Import(NamedTuple):
    """One name that one line of one file imports, as an absolute dotted name."""

    file: str
    line: int
    name: str


def imports_of(package: Path) -> Iterator[Import]:
    """Every import of every file, also those inside functions and for type checkers alone."""
    for path in sorted(package.rglob("*.py")):
        file = path.relative_to(package).as_posix()
        here = ["fastbp", *path.relative_to(package).parts[:-1]]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = here[: len(here) + 1 - node.level] if node.level else []
                start = ".".join([*base, *([node.module] if node.module else [])])
                names = [f"{start}.{alias.name}" for alias in node.names]
            else:
                continue
            for name in names:
                yield Import(file, node.lineno, name)


def room_of(dotted: str) -> str:
    """The room that a name of this package belongs to; names of __init__.py belong to "fastbp"."""
    parts = dotted.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else "fastbp"


def room_of_file(file: str) -> str:
    first = file.split("/")[0].removesuffix(".py")
    return "fastbp" if first == "__init__" else first


def upward(package: Path) -> list[str]:
    """The imports that point up."""
    return [
        f"{file}:{line} imports {name}"
        for file, line, name in imports_of(package)
        if name.split(".")[0] == "fastbp"
        and ROOMS.index(room_of(name)) < ROOMS.index(room_of_file(file))
    ]


def astray(package: Path) -> list[str]:
    """The imports of outside packages where they do not belong."""
    return [
        f"{file}:{line} imports {name}"
        for file, line, name in imports_of(package)
        for outside, homes in OUTSIDE.items()
        if f"{name}.".startswith(f"{outside}.") and not file.startswith(homes)
    ]


def test_dependencies_point_down() -> None:
    assert upward(PACKAGE) == []


def test_outside_packages_stay_where_they_belong() -> None:
    assert astray(PACKAGE) == []


def test_every_room_is_in_the_list() -> None:
    found = {
        path.name.removesuffix(".py")
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert found - {"__init__"} <= set(ROOMS)


def test_every_folder_of_the_package_is_a_package() -> None:
    # Without an __init__.py a room would be missing from the wheel's importable packages in some tools.
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [folder.name for folder in folders if not (folder / "__init__.py").is_file()] == []


class TestPlantedFaults:
    """A guard that cannot fail is none."""

    @pytest.mark.parametrize(
        ("file", "source"),
        [
            ("kernels/dense.py", "from fastbp.nn import Dense"),
            ("kernels/dense.py", "import fastbp.nn.layers"),
            ("kernels/dense.py", "from fastbp import nn"),
            ("kernels/dense.py", "from ..nn import Dense"),
            ("kernels/dense.py", "from .. import nn"),
            ("kernels/cuda/dense.py", "from ...nn import Dense"),
            ("kernels/dense.py", "def f():\n    from fastbp.engine import Network"),
            ("kernels/dense.py", "if TYPE_CHECKING:\n    import fastbp.model"),
            ("storage/model_file.py", "from fastbp.training import History"),
            ("training/loop.py", "import fastbp"),
            ("errors.py", "from fastbp.specification import Family"),
        ],
    )
    def test_an_import_that_points_up_is_found(
        self, tmp_path: Path, file: str, source: str
    ) -> None:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
        assert len(upward(tmp_path)) == 1

    @pytest.mark.parametrize(
        ("file", "source"),
        [
            ("model.py", "from fastbp.nn import Dense"),
            ("kernels/dense.py", "from fastbp.kernels.tile import tile"),
            ("kernels/dense.py", "from .tile import tile\nfrom ..errors import DataError"),
            ("cli/app.py", "import fastbp\nfrom fastbp import Sequential"),
            ("kernels/dense.py", "import numba\nimport fastbpx.model"),
        ],
    )
    def test_an_import_that_points_down_is_not(
        self, tmp_path: Path, file: str, source: str
    ) -> None:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
        assert upward(tmp_path) == []
        assert astray(tmp_path) == []

    @pytest.mark.parametrize(
        ("file", "source"),
        [
            ("nn/layers.py", "from numba import njit"),
            ("nn/layers.py", "import numba.core.types"),
            ("kernels/dense.py", "from llvmlite import ir"),
            ("storage/model_file.py", "import pickle"),
            ("data/sets.py", "def f():\n    import pandas"),
            ("training/progress.py", "from rich.live import Live"),
        ],
    )
    def test_an_outside_package_astray_is_found(
        self, tmp_path: Path, file: str, source: str
    ) -> None:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
        assert len(astray(tmp_path)) == 1
