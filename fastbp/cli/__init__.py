"""The command line: `fastbp train`, `predict`, `inspect`, `profile`, `doctor` and `warmup`."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the `fastbp` command; every way out is an exit code, never a traceback of ours."""
    try:
        from fastbp.cli.app import app
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in {"typer", "rich"}:
            raise
        needs = f"the command line needs {package}: pip install 'fastbp[cli]'"
        print(f"fastbp: {needs}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    app(prog_name="fastbp")
