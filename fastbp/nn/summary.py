"""A model as a table for people."""

from collections.abc import Iterable, Sequence

from fastbp.nn.layers.layer import Layer, Shape
from fastbp.nn.layers.noise import Noise
from fastbp.nn.stack import Stack


def table(header: Sequence[str], rows: Sequence[Sequence[str]], n_left: int = 1) -> list[str]:
    """Lines with columns side by side, the first `n_left` flush left and the others flush right.

    Examples
    --------
    >>> print(*table(["layer", "outputs"], [["dense", "10"]]), sep="\\n")
    layer  outputs
    --------------
    dense       10
    """
    widths = [max(len(cell) for cell in column) for column in zip(header, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if index < n_left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(padded).rstrip()

    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    return [line(header), rule, *(line(row) for row in rows)]


def layer_table(stack: Stack, n_inputs: int) -> list[str]:
    """Lines with a row for every layer: name, kind, outputs, parameters.

    Examples
    --------
    >>> from fastbp.nn import Dense
    >>> print(*layer_table(Stack.of([Dense(8, "relu"), Dense(3, "softmax")]), 4), sep="\\n")
    layer    kind            outputs  parameters
    --------------------------------------------
    dense    Dense, relu           8          40
    dense_1  Dense, softmax        3          27
    """
    rows = []
    for name, layer, shape, weights in zip(
        stack.names,
        stack.layers,
        stack.shapes(n_inputs),
        stack.weights(n_inputs),
        strict=True,
    ):
        rows.append([name, _kind(layer), shape_text(shape), f"{count(w.shape for w in weights):,}"])
    return table(["layer", "kind", "outputs", "parameters"], rows, n_left=2)


def shape_text(shape: Shape) -> str:
    """The shape of a sample: that of a row of numbers is their number.

    Examples
    --------
    >>> shape_text((784,)), shape_text((28, 28)), shape_text((1024,))
    ('784', '(28, 28)', '1,024')
    """
    return f"{shape[0]:,}" if len(shape) == 1 else str(shape)


def count(shapes: Iterable[tuple[int, ...]]) -> int:
    """The number of elements in arrays of these shapes.

    Examples
    --------
    >>> count([(4, 8), (8,)])
    40
    """
    total = 0
    for shape in shapes:
        elements = 1
        for length in shape:
            elements *= length
        total += elements
    return total


def byte_text(n_bytes: int) -> str:
    """So many bytes in the unit that fits.

    Examples
    --------
    >>> byte_text(407_080)
    '397.5 KiB'
    """
    amount, unit = float(n_bytes), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{n_bytes} B" if unit == "B" else f"{amount:.1f} {unit}"


def _kind(layer: Layer) -> str:
    kind = type(layer).__name__
    if isinstance(layer, Noise):
        return f"{kind}, {layer.strength:g}"
    activation = getattr(layer, "activation", None)
    return f"{kind}, {activation}" if activation else kind
