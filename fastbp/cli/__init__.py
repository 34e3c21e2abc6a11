"""The command line: `fastbp train`, `predict`, `inspect`, `doctor` and `warmup`."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the `fastbp` command; every way out is an exit code, never a traceback of ours."""
    try:
        from fastbp.cli.app import app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"typer", "click", "rich"}:
            raise
        print(
            f"fastbp: the command line needs {error.name}: pip install 'fastbp[cli]'",
            file=sys.stderr,
        )
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    app(prog_name="fastbp")
