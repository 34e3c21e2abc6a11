"""`fastbp inspect`: what a model file holds."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from fastbp.cli import options
from fastbp.cli.failures import reports_failures

if TYPE_CHECKING:
    from fastbp.data.tables import Column
    from fastbp.sequential import Sequential

#: Names of a list that are shown.
_MOST = 12


@reports_failures
def inspect(model: options.Model, debug: options.Debug = False) -> None:
    """Show what a model file holds.

    The layers and their parameters, the normalization, the labels, how a
    table is encoded, the optimizer, and how the model was trained.

    \b
    fastbp inspect digits.safetensors
    """
    # Numba and NumPy take their time: not for `--help`.
    from fastbp.nn import byte_text, layer_table
    from fastbp.sequential import load_model
    from fastbp.storage import read_format_version

    console = Console(highlight=False, markup=False, soft_wrap=True)
    version = read_format_version(model)
    trained = load_model(model)
    size = byte_text(model.stat().st_size)
    console.print(str(model), style="bold", end="")
    console.print(f"  {size}, format version {version}\n")
    assert trained.n_inputs is not None
    for line in layer_table(trained.learner.stack, trained.n_inputs):
        console.print(line)
    console.print()
    for name, text in _facts(trained):
        console.print(f"{name:<14}{text}")


def _facts(model: "Sequential") -> Iterator[tuple[str, str]]:
    """What there is to tell about a model besides its layers."""
    from fastbp.data.tables import Encoding

    metadata = model.metadata
    encoding = metadata.get("encoding") and Encoding.from_json(metadata["encoding"])
    yield "parameters", f"{model.count_params():,} in {model.dtype}"
    if encoding:
        columns = ", ".join(_column(column) for column in encoding.columns)
        yield "table", f"{columns}; target {encoding.target}"
    if metadata.get("image_shape"):
        yield "images", " x ".join(map(str, metadata["image_shape"]))
    yield "normalization", _normalization(model, encoding.feature_names if encoding else None)
    if metadata.get("class_names"):
        yield "labels", _some(metadata["class_names"])
    if model.loss is not None:
        yield "loss", model.loss.kind
    if model.optimizer is not None:
        updates = model.learner.network().steps
        yield "optimizer", f"{model.optimizer}" + (f", {updates:,} updates" if updates else "")
    training = metadata.get("training")
    if training:
        yield (
            "trained",
            (
                f"on {training['data']}, {training['rows']:,} rows, {training['epochs']} epochs, "
                f"seed {training['seed']}, fastbp {training['fastbp']}"
            ),
        )
        if training["test"]:
            yield "test", training["test"]


def _normalization(model: "Sequential", names: tuple[str, ...] | None) -> str:
    normalization = model.learner.stack.normalization
    if normalization is None:
        return "none"
    mean, deviation = normalization.mean, normalization.variance**0.5
    if (mean == mean[0]).all() and (deviation == deviation[0]).all():
        return f"all columns alike: {mean[0]:.4g} ± {deviation[0]:.4g}"
    names = names or tuple(f"column {place + 1}" for place in range(len(mean)))
    kept = model.learner.stack.lookup(len(mean)).kept
    texts = [f"{names[i]} {mean[i]:.4g} ± {deviation[i]:.4g}" for i in kept]
    return _some(texts) if texts else "none"


def _column(column: "Column") -> str:
    return (
        column.name if column.categories is None else f"{column.name} ({_some(column.categories)})"
    )


def _some(texts: Sequence[str]) -> str:
    more = f", ... {len(texts) - _MOST:,} more" if len(texts) > _MOST else ""
    return ", ".join(texts[:_MOST]) + more
