"""How well predictions fit the truth, in a line for people; and pictures of some of them."""

import numpy as np
from rich.console import Console
from rich.text import Text

from fastbp.cli.pictures import draw_images
from fastbp.data.dataset import DataSet

_N_PICTURES = 8


def score_text(outputs: np.ndarray, truth: np.ndarray, *, classes: bool) -> str:
    """The accuracy of class probabilities; or of numbers the root mean squared and mean absolute error.

    Examples
    --------
    >>> score_text(np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([0, 1]), classes=True)
    'accuracy 0.5000 (1 of 2 rows)'
    >>> score_text(np.array([[1.0], [2.0]]), np.array([1.0, 4.0]), classes=False)
    'R² 0.1111, RMSE 1.414, MAE 1'
    """
    if classes:
        right = int((outputs.argmax(axis=1) == truth).sum())
        return f"accuracy {right / len(truth):.4f} ({right:,} of {len(truth):,} rows)"
    target = truth.reshape(len(truth), -1).astype(np.float64)
    error = outputs.astype(np.float64) - target
    rmse, mae = np.sqrt((error**2).mean()), np.abs(error).mean()
    spread = ((target - target.mean(axis=0)) ** 2).sum()
    explained = f"R² {1 - (error**2).sum() / spread:.4f}, " if spread > 0 else ""
    return f"{explained}RMSE {_number(rmse)}, MAE {_number(mae)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if 1e4 <= value < 1e9 else f"{value:.4g}"


def show_images(console: Console, data: DataSet, outputs: np.ndarray) -> None:
    """Draw some test images with what the model says, then its surest mistakes; if they are images."""
    shape, truth, class_names = data.image_shape, data.y_test, data.class_names
    if shape is None or len(shape) != 2 or data.x_test is None or truth is None or not class_names:
        return
    images = data.x_test.reshape(-1, *shape)
    said, sureness = outputs.argmax(axis=1), outputs.max(axis=1)
    wrong = np.flatnonzero(said != truth)
    some = np.linspace(0, len(images) - 1, min(_N_PICTURES, len(images))).astype(int)
    surest = wrong[np.argsort(-sureness[wrong], kind="stable")][:_N_PICTURES]
    for title, rows in (("Some of the test images", some), ("The surest mistakes", surest)):
        if len(rows):
            console.print(f"\n{title}", style="bold")
            captions = [
                _caption(class_names[said[row]], class_names[truth[row]], sureness[row])
                for row in rows
            ]
            draw_images(console, images[rows], captions)


def _caption(said: str, truth: str, sureness: float) -> Text:
    if said == truth:
        return Text.assemble((said, "bold green"), (f" {sureness:.0%}", "dim"))
    return Text.assemble((said, "bold red"), (f" {sureness:.0%}", "dim"), f", is {truth}")
