"""`fastbp profile`: where the time of a training step goes."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fastbp.cli import options
from fastbp.cli.failures import reports_failures


@reports_failures
def profile(
    network: Annotated[
        str,
        typer.Argument(
            metavar="NETWORK", help="A model file, or sizes: 784-128-10.", show_default=False
        ),
    ],
    batch_size: Annotated[int, typer.Option(min=1, metavar="N", help="Samples in a step.")] = 32,
    activation: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of the hidden layers of sizes. Default: relu."),
    ] = None,
    optimizer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"{options.OPTIMIZERS}. Default: the file's own, or sgd.",
        ),
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Such as mean_squared_error. Default: the file's own, or softmax and cross-entropy.",
        ),
    ] = None,
    dtype: Annotated[
        options.Dtype | None,
        typer.Option(help="What sizes are computed in. Default: float32.", show_default=False),
    ] = None,
    threads: Annotated[
        str, typer.Option(metavar="N", help="A number, or auto: as many as there are.")
    ] = "auto",
    seconds: Annotated[float, typer.Option(metavar="X", help="How long to measure, about.")] = 1.0,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Where to write all figures.")
    ] = None,
    debug: options.Debug = False,
) -> None:
    """Show where the time of a training step goes.

    A row for each kernel that a step calls, in order: its time, and how close
    its arithmetic comes to the processor's peak. The network trains on random
    data; a model file stays as it is. Say --threads 1 to see the kernels alone,
    without the waiting of workers for each other.

    \b
    fastbp profile 784-128-10 --batch-size 64
    fastbp profile 30-64-64-1 --loss mean_squared_error --optimizer adam
    fastbp profile digits.safetensors --threads 1 --json profile.json
    """
    # Numba and NumPy take their time: not for `--help`.
    from fastbp.cli.profiling import ProfilingJob
    from fastbp.specification import real_number

    job = ProfilingJob(
        network=network,
        batch_size=batch_size,
        activation=activation,
        optimizer=optimizer,
        loss=loss,
        dtype=None if dtype is None else dtype.value,
        threads=options.parse_threads(threads),
        seconds=real_number("--seconds", seconds, above=0.0),
        json_file=json_file,
    )
    job.run(Console(highlight=False, markup=False, soft_wrap=True))
