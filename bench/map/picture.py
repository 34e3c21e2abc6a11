"""The map as a picture: a number in each cell."""

from collections.abc import Sequence
from pathlib import Path


def draw(
    path: Path, widths: Sequence[int], batches: Sequence[int], shares: list[list[float]]
) -> None:
    """Draw the shares of the peak, one row a batch and one column a width, as a PNG.

    Raises
    ------
    ImportError
        If there is no matplotlib.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    size = (1.6 + 0.62 * len(widths), 1.6 + 0.42 * len(batches))
    figure, axes = pyplot.subplots(figsize=size, layout="constrained")
    image = axes.imshow(shares, cmap="viridis", vmin=0, vmax=1, aspect="auto", origin="lower")
    for row, line in enumerate(shares):
        for column, share in enumerate(line):
            # The upper half of the colours is bright.
            colour = "black" if share > 0.6 else "white"
            text = f"{100 * share:.0f}" if share >= 0.1 else f"{100 * share:.1f}"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
    axes.set_xticks(range(len(widths)), list(map(str, widths)))
    axes.set_yticks(range(len(batches)), list(map(str, batches)))
    axes.set_xlabel("width of each layer")
    axes.set_ylabel("batch")
    axes.set_title("% of the FMA peak of all cores", fontsize=10)
    bar = figure.colorbar(image, ax=axes)
    bar.set_ticks([0, 0.25, 0.5, 0.75, 1], labels=["0", "25", "50", "75", "100"])
    figure.savefig(path, format="png", dpi=160)
    pyplot.close(figure)
