"""The `fastbp` command and its table of subcommands."""

from typing import Annotated

import typer

import fastbp
from fastbp.cli.doctor import doctor
from fastbp.cli.inspect import inspect
from fastbp.cli.predict import predict
from fastbp.cli.profile import profile
from fastbp.cli.train import train
from fastbp.cli.warmup import warmup

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (train, predict, inspect, profile, doctor, warmup):
    app.command()(command)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"fastbp {fastbp.__version__}")
        raise typer.Exit


@app.callback()
def describe(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_show_version, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Train neural networks on the processor you already have.

    \b
    fastbp train digits                         the bundled handwritten digits
    fastbp train flowers.csv --target species   a table of your own
    fastbp predict flowers.safetensors new.csv  the saved model is all it needs
    """
