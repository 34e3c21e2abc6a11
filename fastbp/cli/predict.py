"""`fastbp predict`: what a saved model says about new data."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fastbp.cli import options
from fastbp.cli.failures import reports_failures


@reports_failures
def predict(
    model: options.Model,
    data: options.PredictionData,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A CSV file. Default: standard output."),
    ] = None,
    evaluate: Annotated[
        bool,
        typer.Option("--evaluate", help="Say how well they fit the targets that DATA holds."),
    ] = False,
    threads: options.Threads = "auto",
    debug: options.Debug = False,
) -> None:
    """Predict with a saved model.

    The model file knows the normalization, the labels and how its table was
    encoded: nothing else is needed. DATA is of the same kind as for "train".
    A table needs the columns of the training table, in any order; the target
    column may be absent. Of data with test rows, these are taken.

    \b
    fastbp predict flowers.safetensors new.csv
    fastbp predict flowers.safetensors new.csv --output predictions.csv
    fastbp predict digits.safetensors digits --evaluate
    """
    # Numba and NumPy take their time: not for `--help`.
    from fastbp.cli.predictions import Predictions
    from fastbp.cli.scores import score_text
    from fastbp.data.readers import read_samples
    from fastbp.data.tables import Encoding
    from fastbp.errors import DataError
    from fastbp.sequential import load_model
    from fastbp.storage import check_can_write, replace_file

    workers = options.parse_threads(threads)
    if output is not None:
        check_can_write(output)
    trained = load_model(model)
    class_names = trained.metadata.get("class_names")
    encoding = trained.metadata.get("encoding")
    x, y = read_samples(
        data,
        encoding=None if encoding is None else Encoding.from_json(encoding),
        class_names=class_names,
        targets=evaluate,
    )
    if evaluate and y is None:
        raise DataError(f"{data} has no targets to compare with")
    outputs = trained.predict(x, threads=workers)
    predictions = Predictions(outputs, class_names)
    console, notes = Console(), Console(stderr=True, highlight=False)
    if output is not None:
        replace_file(output, predictions.csv().encode())
        notes.print(f"{len(predictions):,} predictions in {output}")
    elif console.is_terminal:
        predictions.show(console)
    else:
        sys.stdout.write(predictions.csv())
    if evaluate and y is not None:
        notes.print(score_text(outputs, y, classes=class_names is not None))
