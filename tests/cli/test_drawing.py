"""Curves, pictures, progress and scores, each by itself."""

import io

import numpy as np
import pytest
from rich.console import Console
from rich.text import Text

from fastbp.cli.curves import draw_curves
from fastbp.cli.networks import TargetUnit, enough_epochs, parse_hidden
from fastbp.cli.pictures import draw_images
from fastbp.cli.progress import TrainingProgress
from fastbp.errors import ArgumentError


def console(encoding="utf-8", **options):
    """A console of 80 columns that writes to memory."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    return Console(file=file, width=80, highlight=False, soft_wrap=True, **options)


def written(where):
    return where.file.buffer.getvalue().decode(where.file.encoding)


def diagonal(size):
    return np.eye(size)[None]


def test_a_picture_in_a_file_is_made_of_shades():
    where = console()
    draw_images(where, diagonal(8), [Text("caption")])
    lines = written(where).splitlines()
    assert len(lines) == 9
    assert lines[-1].strip() == "caption"
    assert set("".join(lines[:-1])) <= set(" ░▒▓█")
    brightest = [max(range(16), key=line.ljust(16).__getitem__) for line in lines[:-1]]
    assert brightest == sorted(brightest)


def test_a_picture_where_only_ascii_can_be_written():
    where = console("ascii")
    draw_images(where, diagonal(8), [Text("caption")])
    assert written(where).isascii()


def test_a_picture_on_a_terminal_has_two_pixels_a_cell():
    where = console(force_terminal=True, color_system="truecolor")
    draw_images(where, np.array([[[0, 255], [255, 0]]]), [Text("x")])
    assert "38;2;0;0;0;48;2;" in written(where)
    assert "▀" in written(where)


@pytest.mark.parametrize(("width", "shown"), [(80, 4), (40, 2), (10, 1)])
def test_as_many_pictures_as_fit(width, shown):
    where = console()
    where.width = width
    draw_images(where, np.repeat(diagonal(8), 9, axis=0), [Text("x")] * 9)
    assert written(where).splitlines()[-1].count("x") == shown


def test_a_long_caption_stays_under_its_picture():
    where = console()
    draw_images(where, np.repeat(diagonal(8), 2, axis=0), [Text("one two three four five")] * 2)
    assert [line.split() for line in written(where).splitlines()[8:]] == [
        ["one", "two", "three"] * 2,
        ["four", "five"] * 2,
    ]


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (28, 28), (100, 70)])
def test_pictures_of_any_size(shape):
    where = console()
    draw_images(where, np.zeros((1, *shape)), [Text("flat")])
    draw_images(where, np.arange(np.prod(shape)).reshape(1, *shape), [Text("slope")])
    assert "slope" in written(where)


@pytest.mark.parametrize(
    "history",
    [
        {"loss": [0.5]},
        {"loss": [0.0, 0.0], "val_loss": [0.0, 0.0]},
        {
            "loss": [3.0, 1e-6],
            "accuracy": [0.1, 1.0],
            "val_loss": [2.0, 1.0],
            "val_accuracy": [0, 0],
        },
        {"loss": [-1.0, -2.0, -3.0]},
    ],
)
def test_curves_of_any_history(history):
    assert draw_curves(history, title="title", subtitle="what").startswith(b"\x89PNG")


def test_progress_on_a_terminal_shows_the_epoch_that_runs():
    where = console(force_terminal=True)
    with TrainingProgress(where, n_epochs=2, n_samples=100, columns=["loss"]) as progress:
        progress.on_epoch_begin(0)
        progress.on_chunk_end(0, 1, 4, {"loss": 0.75})
        assert "loss 0.7500" in written(where)
        progress.on_epoch_end(0, {"loss": 0.5})
    assert "      1   0.5000" in written(where)
    assert progress.seconds > 0


def test_a_slow_epoch_gets_its_line_among_many(monkeypatch):
    where = console()
    now = iter(range(0, 10_000, 3))
    monkeypatch.setattr("fastbp.cli.progress.time.perf_counter", lambda: float(next(now)))
    with TrainingProgress(where, n_epochs=1000, n_samples=9, columns=["loss"]) as progress:
        for epoch in range(9):
            progress.on_epoch_begin(epoch)
            progress.on_epoch_end(epoch, {"loss": 1.0})
    epochs = [int(line.split()[0]) for line in written(where).splitlines()[1:]]
    assert epochs == list(range(1, 10))


def test_hidden_layers():
    assert parse_hidden(["128,64"]) == parse_hidden(["128", "64"]) == (128, 64)
    assert parse_hidden(["none"]) == ()
    for wrong in (["0"], ["-3"], [""], ["12,,3"], ["none,3"], ["1.5"]):
        with pytest.raises(ArgumentError, match="--hidden"):
            parse_hidden(wrong)


def test_epochs_follow_the_size_of_the_data():
    assert enough_epochs(100, 32) == 500
    assert enough_epochs(1_000_000, 32) == 20


def test_a_constant_target_is_only_centered():
    unit = TargetUnit.of(np.full(5, 3.0))
    np.testing.assert_array_equal(unit.apply(np.full(5, 3.0)), np.zeros(5))
