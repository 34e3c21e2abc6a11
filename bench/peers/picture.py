"""How long a step takes by library, as bars."""

from pathlib import Path
from typing import Any

from tables import short

#: One colour for each library, whoever else takes part.
COLOURS = {
    "fastbp": "#d1495b",
    "PyTorch": "#66788a",
    "JAX": "#8ea4b8",
    "scikit-learn": "#b5c2ce",
    "NumPy": "#d5dce3",
}
_BAR = 0.17


def draw(path: Path, networks: list[tuple[str, dict[str, float]]]) -> None:
    """Draw for each network how long each library's step takes, in multiples of fastbp's, as a PNG.

    Parameters
    ----------
    path : Path
    networks : list of (label, microseconds a step by library)

    Raises
    ------
    ImportError
        If there is no matplotlib.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.patches import Rectangle

    libraries = [name for name in COLOURS if any(name in us for _, us in networks)]
    height = 0.9 + len(networks) * (len(libraries) + 1) * _BAR
    figure, axes = pyplot.subplots(figsize=(9, height), layout="constrained")
    middles = []
    top = 0.0
    for _, us in networks:
        present = [name for name in libraries if name in us]
        for i, name in enumerate(present):
            _bar(axes, top + i * _BAR, name, us)
        middles.append(top + (len(present) - 1) / 2 * _BAR)
        top += (len(present) + 1) * _BAR
    axes.set_yticks(middles, [label for label, _ in networks])
    axes.set_ylim(top - _BAR, -_BAR)
    axes.set_xscale("log")
    low = min(min(us.values()) / us["fastbp"] for _, us in networks)
    high = max(max(us.values()) / us["fastbp"] for _, us in networks)
    # Bars begin where the shortest still has a length; labels need room on the right.
    axes.set_xlim(low / 2, high * 8)
    axes.axvline(1.0, color=COLOURS["fastbp"], linewidth=0.8, linestyle=":")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} x")
    axes.set_xlabel("time of a training step, in multiples of fastbp's (shorter is better)")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    handles = [Rectangle((0, 0), 1, 1, color=COLOURS[name]) for name in libraries]
    figure.legend(
        handles, libraries, loc="outside upper center", ncols=len(libraries), frameon=False
    )
    figure.savefig(path, format="png", dpi=160)
    pyplot.close(figure)


def _bar(axes: Any, top: float, name: str, us: dict[str, float]) -> None:
    """A library's bar, with its figures behind it."""
    ratio = us[name] / us["fastbp"]
    axes.barh(top, ratio, height=0.92 * _BAR, color=COLOURS[name])
    text = duration(us[name]) + ("" if name == "fastbp" else f" ({short(ratio, 2)} x)")
    weight = "bold" if name == "fastbp" else "normal"
    axes.text(ratio * 1.08, top, text, va="center", fontsize=7.5, fontweight=weight)


def duration(us: float) -> str:
    """Microseconds in a unit that suits them.

    >>> duration(0.551), duration(294.2), duration(3250.0), duration(268_000.0)
    ('0.551 us', '294 us', '3.25 ms', '268 ms')
    """
    return f"{short(us)} us" if us < 1000 else f"{short(us / 1000)} ms"
