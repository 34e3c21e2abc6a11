"""Learning curves as a PNG."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRAINING = "#2563ab"
VALIDATION = "#d9632b"
INK = "#333333"
FAINT = "#dddddd"


def draw_curves(history: Mapping[str, Sequence[float]], *, title: str, subtitle: str) -> bytes:
    """The PNG of one panel a quantity; its validation twin (`val_...`) shares the panel.

    `history` maps a quantity's name to its values after each epoch, as `History.history` does.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = [name for name in history if not name.startswith("val_")]
    width = max(5.0 * len(names) + 0.6, 7.6)  # inches
    figure = Figure(figsize=(width, 4.4), facecolor="white")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for axes, name in zip(panels, names, strict=True):
        _draw_panel(axes, name, history)
    left, right = 0.65 / width, 1 - 1.0 / width  # inches: tick labels, and the labels at the ends
    figure.subplots_adjust(left=left, right=right, bottom=0.13, top=0.76, wspace=0.45)
    size, small = _fitting(13, title, width - 0.8), _fitting(9, subtitle, width - 0.8)
    figure.text(left, 0.93, title, fontsize=size, fontweight="bold", color=INK)
    figure.text(left, 0.875, subtitle, fontsize=small, color="#777777")
    file = BytesIO()
    figure.savefig(file, format="png", dpi=144)
    return file.getvalue()


def _fitting(points: float, text: str, width: float) -> float:
    """A font size, at most `points`, at which the text fits into so many inches."""
    return min(points, 72 * width / (0.7 * max(len(text), 1)))


def _draw_panel(axes: "Axes", name: str, history: Mapping[str, Sequence[float]]) -> None:
    """One quantity over the epochs, each curve labelled at its end with its last value."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    curves = [("training", history[name], TRAINING)]
    if f"val_{name}" in history:
        curves.append(("validation", history[f"val_{name}"], VALIDATION))
    ends = []
    for label, values, color in curves:
        epochs = range(1, len(values) + 1)
        marker = "o" if len(values) == 1 else ""
        axes.plot(epochs, values, color=color, linewidth=1.8, marker=marker, label=label)
        ends.append((values[-1], len(values), f"{label}\n{values[-1]:.4g}", color))
    everything = [value for _, values, _ in curves for value in values]
    lowest, highest = min(everything), max(everything)
    if lowest > 0 and highest > 15 * lowest:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if name == "accuracy":
        # The first epochs' leap would press everything after it against the top.
        settled = min(value for _, values, _ in curves for value in values[len(values) // 20 :])
        axes.set_ylim(settled - 0.1 * (1.0 - settled) - 1e-3, 1.0 + 0.05 * (1.0 - settled))
    axes.set_title(name.replace("_", " "), loc="left", fontsize=11, color=INK)
    axes.set_xlabel("epoch", fontsize=9, color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(x=0.0)
    axes.grid(axis="y", color=FAINT, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=9, length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#999999")
    _label_ends(axes, ends)


def _label_ends(axes: "Axes", ends: list[tuple[float, int, str, str]]) -> None:
    """Write each curve's label beside its last point, far enough apart to be read."""
    needed = 0.13  # of the panel's height: two lines of text
    to_panel = axes.transData + axes.transAxes.inverted()
    heights = [float(to_panel.transform((epoch, value))[1]) for value, epoch, _, _ in ends]
    if len(heights) == 2 and abs(heights[0] - heights[1]) < needed:
        middle = min(max(sum(heights) / 2, needed / 2), 1 - needed / 2)
        upper = 0 if heights[0] >= heights[1] else 1
        heights[upper], heights[1 - upper] = middle + needed / 2, middle - needed / 2
    for height, (_, _, label, color) in zip(heights, ends, strict=True):
        axes.annotate(
            label,
            (1.0, height),
            xycoords="axes fraction",
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=color,
            annotation_clip=False,
        )
