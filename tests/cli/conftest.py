"""The command in this process, in an empty folder, and small tables for it."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fastbp.cli.app import app

Run = Callable[..., "Outcome"]


class Outcome:
    """How a command ended: its exit code, and what it wrote."""

    def __init__(self, code: int, output: str, errors: str) -> None:
        self.code = code
        self.output = output
        self.errors = errors


@pytest.fixture
def fastbp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in an empty folder; an exception that it does not report fails the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: object) -> Outcome:
        result = CliRunner().invoke(app, [str(each) for each in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def write_table(tmp_path: Path) -> Callable[[str, Sequence[str], Sequence[Sequence[object]]], Path]:
    """Write a CSV file."""

    def write(name: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
        path = tmp_path / name
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
        return path

    return write


@pytest.fixture
def fruit(rng: np.random.Generator, write_table: Callable[..., Path]) -> Path:
    """A table with numbers, a text column and a text target, which they decide."""
    rows = []
    for _ in range(240):
        size, colour = rng.normal(), str(rng.choice(["green", "red"]))
        kind = "melon" if size > 0.3 else "apple" if colour == "red" else "lime"
        rows.append([f"{1000 + 200 * size:.3f}", colour, kind])
    return write_table("fruit.csv", ["weight", "colour", "kind"], rows)


@pytest.fixture
def prices(rng: np.random.Generator, write_table: Callable[..., Path]) -> Path:
    """A table whose target is a number far from 0, with some noise."""
    area, rooms = rng.uniform(50, 150, 300), rng.integers(1, 6, 300)
    price = 200_000 + 3_000 * area + 10_000 * rooms + rng.normal(0, 2_000, 300)
    rows = [[f"{a:.2f}", r, f"{p:.1f}"] for a, r, p in zip(area, rooms, price, strict=True)]
    return write_table("prices.csv", ["area", "rooms", "price"], rows)
