"""`fastbp train`: from data to a saved model, its learning curves and its score."""

from pathlib import Path
from typing import Annotated

import typer

from fastbp.cli import options
from fastbp.cli.failures import reports_failures

_DATA = "The data"
_NETWORK = "The network"
_TRAINING = "The training"
_RESULTS = "The results"


@reports_failures
def train(
    data: options.TrainingData,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="The column of a table to be predicted.", rich_help_panel=_DATA
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN", help="Leave out a column; can be repeated.", rich_help_panel=_DATA
        ),
    ] = None,
    embed: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Learn a vector for each text of columns with more than N different ones, instead of an input each.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    task: Annotated[
        options.Task,
        typer.Option(
            metavar="KIND",
            help="classification, regression, or auto: classes for text and few whole numbers.",
            rich_help_panel=_DATA,
        ),
    ] = options.Task.auto,
    test_split: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=0.9,
            metavar="SHARE",
            help="Share of the rows to test with, where the data have no test rows of their own.",
            rich_help_panel=_DATA,
        ),
    ] = 0.2,
    validation_split: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=0.9,
            metavar="SHARE",
            help="Share of the other rows to watch while training.",
            rich_help_panel=_DATA,
        ),
    ] = 0.1,
    hidden: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WIDTHS",
            help="Widths of the hidden layers, as 256,64; none for a linear model. Default: 128.",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    activation: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Of the hidden layers: relu, tanh, gelu, silu, ...",
            rich_help_panel=_NETWORK,
        ),
    ] = "relu",
    dtype: Annotated[
        options.Dtype,
        typer.Option(help="What the network computes in.", rich_help_panel=_NETWORK),
    ] = options.Dtype.float32,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Passes over the training rows. Default: for 2000 updates, at least 20.",
            rich_help_panel=_TRAINING,
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Rows in an update. Default: 32.", rich_help_panel=_TRAINING
        ),
    ] = None,
    optimizer: Annotated[
        str,
        typer.Option(metavar="NAME", help=f"{options.OPTIMIZERS}.", rich_help_panel=_TRAINING),
    ] = "adam",
    learning_rate: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Size of the steps. Default: the optimizer's own, 0.001 for adam.",
            rich_help_panel=_TRAINING,
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Same seed, same result, to the bit.",
            rich_help_panel=_TRAINING,
        ),
    ] = 0,
    threads: Annotated[
        str,
        typer.Option(
            metavar="N",
            help="A number or auto; the result does not depend on it.",
            rich_help_panel=_TRAINING,
        ),
    ] = "auto",
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The model. Default: DATA.safetensors.", rich_help_panel=_RESULTS
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The learning curves, a PNG. Default: DATA-curves.png.",
            rich_help_panel=_RESULTS,
        ),
    ] = None,
    no_plot: Annotated[
        bool, typer.Option("--no-plot", help="Draw no curves.", rich_help_panel=_RESULTS)
    ] = False,
    debug: options.Debug = False,
) -> None:
    """Train a network, save it and say how good it is.

    DATA is the name of a data set (digits, fashion-mnist); a CSV or Parquet
    file, with --target; a .npz file with arrays x and y, or x_train, y_train,
    x_test and y_test; a folder of these as .npy files, which stay on the disk
    if there is a test part and --validation-split is 0; or a folder of IDX files.

    \b
    fastbp train digits
    fastbp train flowers.csv --target species --hidden 32,16
    fastbp train prices.parquet --target price --ignore id --epochs 200
    fastbp train sales.csv --target amount --embed 50
    """
    # Numba and NumPy take their time: not for `--help`.
    from fastbp.cli.networks import parse_hidden
    from fastbp.cli.training_job import TrainingJob
    from fastbp.nn import activation_name
    from fastbp.optimizers import OPTIMIZERS

    stem = Path(data).resolve().name.partition(".")[0]
    settings = {} if learning_rate is None else {"learning_rate": learning_rate}
    job = TrainingJob(
        data=data,
        target=target,
        ignore=tuple(ignore or ()),
        embed_above=embed,
        task=task.to_table_task(),
        test_split=test_split,
        validation_split=validation_split,
        hidden=parse_hidden(hidden or ["128"]),
        activation=activation_name(activation),
        dtype=dtype.value,
        epochs=epochs,
        batch_size=batch_size,
        optimizer=OPTIMIZERS.from_config({"class": optimizer, **settings}),
        seed=seed,
        threads=options.parse_threads(threads),
        output=output or Path(f"{stem}.safetensors"),
        plot=None if no_plot else plot or Path(f"{stem}-curves.png"),
    )
    job.run()
