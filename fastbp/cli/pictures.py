"""Small grey images drawn with block characters, side by side with their captions."""

from collections.abc import Sequence

import numpy as np
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

MIN_WIDTH = 16  # terminal cells: an 8 x 8 image is enlarged to this
MAX_WIDTH = 24  # three such images fit side by side
SHADES = " ░▒▓█"
ASCII_SHADES = " .:-=+*#%@"


def draw_images(console: Console, images: np.ndarray, captions: Sequence[Text]) -> None:
    """Print as many of the images (n, height, width), each over its caption, as fit in one row."""
    pictures = [_resize(_brightness(image)) for image in images]
    if not pictures:
        return
    gap = 2
    widest = max(len(picture[0]) for picture in pictures)
    shown = max(1, (console.width + gap) // (widest + gap))
    table = Table.grid(padding=(0, gap, 0, 0))
    for _ in pictures[:shown]:
        table.add_column(width=widest)
    table.add_row(*(_picture(console, picture) for picture in pictures[:shown]))
    table.add_row(*captions[:shown])
    console.print(table, soft_wrap=False)


def _brightness(image: np.ndarray) -> np.ndarray:
    """The image's values scaled to 0 (darkest) .. 1 (brightest)."""
    values = image.astype(np.float64)
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.zeros_like(values)


def _resize(image: np.ndarray) -> np.ndarray:
    """The image in a width that reads well in a terminal, its height in proportion."""
    height, width = image.shape
    new_width = min(max(width, MIN_WIDTH), MAX_WIDTH)
    new_height = max(1, round(height * new_width / width))
    return _resample(_resample(image, new_width).T, new_height).T


def _resample(lines: np.ndarray, length: int) -> np.ndarray:
    """Lines (n, old length) brought to another length: interpolated if longer, averaged if shorter."""
    old = lines.shape[1]
    if length >= old:
        centers = (np.arange(length) + 0.5) * old / length - 0.5
        return np.array([np.interp(centers, np.arange(old), line) for line in lines])
    edges = np.linspace(0, old, length + 1)
    sums = np.pad(lines.cumsum(axis=1), ((0, 0), (1, 0)))
    at_edges = np.array([np.interp(edges, np.arange(old + 1), line) for line in sums])
    means: np.ndarray = np.diff(at_edges, axis=1) * (length / old)
    return means


def _picture(console: Console, image: np.ndarray) -> Text:
    """Two rows of the image a line: coloured half blocks, or shades where colour is not to be had."""
    if len(image) % 2:
        image = np.vstack([image, np.zeros((1, image.shape[1]))])
    unicode = console.encoding.lower().startswith("utf")
    text = Text(no_wrap=True)
    for upper, lower in zip(image[::2], image[1::2], strict=True):
        if unicode and console.color_system in {"truecolor", "256"}:
            for above, below in zip(upper, lower, strict=True):
                text.append("▀", Style(color=_grey(above), bgcolor=_grey(below)))
        else:
            shades = SHADES if unicode else ASCII_SHADES
            levels = np.rint((upper + lower) / 2 * (len(shades) - 1)).astype(int)
            text.append("".join(shades[level] for level in levels))
        text.append("\n")
    text.right_crop(1)
    return text


def _grey(brightness: float) -> Color:
    level = round(255 * brightness)
    return Color.from_rgb(level, level, level)
