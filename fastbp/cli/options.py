"""Arguments and options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from fastbp.errors import ArgumentError

TrainingData = Annotated[
    str,
    typer.Argument(metavar="DATA", help="What to learn from.", show_default=False),
]
PredictionData = Annotated[
    str,
    typer.Argument(metavar="DATA", help="What to predict for.", show_default=False),
]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A model file.", show_default=False)]
Threads = Annotated[
    str, typer.Option(metavar="N", help="A number or auto; the result does not depend on it.")
]
#: For the help alone, which should not have to wait for the optimizers' room to be loaded.
OPTIMIZERS = "sgd, rmsprop, adam, adamw, adamax, nadam, adagrad, adadelta, lion, muon or rprop"
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


class Task(StrEnum):
    """What is to be predicted."""

    auto = "auto"
    classification = "classification"
    regression = "regression"

    def to_table_task(self) -> Literal["auto", "classes", "numbers"]:
        """What the readers call it."""
        tasks = {"classification": "classes", "regression": "numbers"}
        return tasks.get(self.value, "auto")  # type: ignore[return-value]


class Dtype(StrEnum):
    """What a model computes in."""

    float32 = "float32"
    float64 = "float64"


def parse_threads(text: str) -> int | Literal["auto"]:
    """A number of threads, or "auto"."""
    if text == "auto":
        return "auto"
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise ArgumentError(f"--threads takes a number of threads or the word auto, not {text!r}")
