"""What goes wrong, told in one line, and the exit code that goes with it."""

import functools
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec

import typer

from fastbp.errors import ArgumentError, FastbpError

FAILED = 1
WRONG_USAGE = 2
INTERRUPTED = 130

Parameters = ParamSpec("Parameters")


def reports_failures(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """Make a command end in one line on standard error and an exit code, not in a traceback.

    Only what a user can mend is told this way: the package's own errors and those of the
    operating system. Anything else is a defect of ours and keeps its traceback, as everything
    does under `--debug`.
    """

    @functools.wraps(command)
    def run(*arguments: Parameters.args, **options: Parameters.kwargs) -> None:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning  # type: ignore[assignment]
            try:
                command(*arguments, **options)
            except KeyboardInterrupt:
                _say("interrupted")
                raise typer.Exit(INTERRUPTED) from None
            except BrokenPipeError:
                # Whoever read our output has gone (`fastbp predict ... | head`): nobody to tell.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                raise typer.Exit(FAILED) from None
            except (FastbpError, OSError, MemoryError) as error:
                if options.get("debug"):
                    raise
                _say(_one_line(error))
                wrong_usage = isinstance(error, ArgumentError)
                raise typer.Exit(WRONG_USAGE if wrong_usage else FAILED) from None

    return run


def _one_line(error: Exception) -> str:
    """The error's message; an error of the operating system names its file first."""
    if isinstance(error, MemoryError):
        return f"out of memory: {error}" if str(error) else "out of memory"
    if isinstance(error, OSError) and not isinstance(error, FastbpError) and error.strerror:
        message = error.strerror.lower()
        return f"{error.filename}: {message}" if error.filename is not None else message
    return " ".join(str(error).split())


def _say(message: str) -> None:
    typer.echo(f"fastbp: {message}", err=True)


def _show_warning(message: Warning | str, *_: Any) -> None:
    _say(f"warning: {' '.join(str(message).split())}")
