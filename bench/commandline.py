"""What the commands' options have in common."""

import argparse
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, and ends with exit code 2."""

    def __init__(self, command: str, description: str | None) -> None:
        super().__init__(
            prog=f"scripts/bench {command}",
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (--help tells more)\n")


def count(text: str) -> int:
    """A whole number above 0, as argparse wants it."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def duration(text: str) -> float:
    """A number of seconds above 0, as argparse wants it."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


def check_outputs(parser: Parser, json: Path | None, picture: Path | None) -> None:
    """End before anything is measured, if the figures could not be written then."""
    for path in filter(None, (json, picture)):
        if path.is_dir() or not path.absolute().parent.is_dir():
            parser.error(f"{path} cannot be written: it is a folder, or in one that is not there")
    if picture and find_spec("matplotlib") is None:
        parser.error("--picture needs matplotlib, which is not installed")
