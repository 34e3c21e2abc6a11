"""What a terminal and a file get to see of training."""

import io

import pytest

from fastbp import ArgumentError
from fastbp.training import Display

LOGS = {"loss": 0.25, "accuracy": 0.875}


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


class Clock:
    """Time that a test moves."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("fastbp.training.progress.time", clock)
    return clock


def show(display, clock, n_epochs, seconds):
    for epoch in range(n_epochs):
        clock.now += seconds
        display.epoch_end(epoch, LOGS, seconds)
    display.close()


def test_silence(clock):
    stream = Terminal()
    display = Display(0, epochs=3, n_samples=10, stream=stream)
    display.chunk_end(0, 1, 2, LOGS)
    show(display, clock, 3, 1.0)
    assert stream.getvalue() == ""


def test_a_line_an_epoch(clock):
    stream = io.StringIO()
    show(Display("auto", epochs=3, n_samples=1000, stream=stream), clock, 3, 0.5)
    assert stream.getvalue().splitlines() == [
        f"Epoch {epoch}/3  loss 0.2500  accuracy 0.8750  2,000 samples/s" for epoch in (1, 2, 3)
    ]


def test_short_epochs_share_a_line_except_for_the_last(clock):
    stream = io.StringIO()
    show(Display(1, epochs=1000, n_samples=1000, stream=stream), clock, 1000, 0.001)
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("Epoch    1/1000  ")
    assert lines[-1].startswith("Epoch 1000/1000  ")
    assert 10 <= len(lines) <= 12


def test_all_lines_where_they_are_asked_for(clock):
    stream = Terminal()
    display = Display(2, epochs=100, n_samples=1000, stream=stream)
    display.chunk_end(0, 1, 2, LOGS)
    show(display, clock, 100, 0.001)
    assert len(stream.getvalue().splitlines()) == 100
    assert "\r" not in stream.getvalue()


def test_the_last_epoch_shows_where_training_stops_early(clock):
    stream = io.StringIO()
    show(Display(1, epochs=1000, n_samples=1000, stream=stream), clock, 5, 0.001)
    assert stream.getvalue().splitlines()[-1].startswith("Epoch    5/1000")


def test_a_line_that_lives(clock, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    stream = Terminal()
    display = Display(1, epochs=3, n_samples=1000, stream=stream)
    display.chunk_end(0, 5, 10, LOGS)
    display.chunk_end(0, 6, 10, LOGS)  # too soon
    assert (
        stream.getvalue() == "\r\x1b[KEpoch 1/3  [##########..........]  loss 0.2500  accuracy 0."
    )
    clock.now += 0.2
    display.epoch_end(0, LOGS, 1.0)
    assert stream.getvalue().endswith(
        "\r\x1b[KEpoch 1/3  loss 0.2500  accuracy 0.8750  1,000 samples/s\n"
    )
    clock.now += 0.2
    display.chunk_end(1, 5, 10, LOGS)
    display.close()
    assert stream.getvalue().endswith("accuracy 0.\n")


def test_a_line_that_lives_in_a_notebook(clock):
    """A notebook's stream is no terminal and knows no terminal's commands: what was there is covered by blanks."""
    stream = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})()
    display = Display("auto", epochs=2, n_samples=1000, stream=stream)
    display.chunk_end(0, 5, 10, LOGS)
    clock.now += 0.2
    display.epoch_end(0, LOGS, 1.0)
    assert "\x1b" not in stream.getvalue()
    _, bar, blanks, line = stream.getvalue().replace("\r\n", "\n").split("\r")[1:]
    assert bar.startswith("Epoch 1/2  [####")
    assert not blanks.strip()
    assert len(blanks) >= len(bar)
    assert line == "Epoch 1/2  loss 0.2500  accuracy 0.8750  1,000 samples/s\n"


def test_figures_of_any_size():
    stream = io.StringIO()
    logs = {"a": 0.0, "b": 1e-7, "c": 123456.0, "d": -2.0}
    Display(2, epochs=1, n_samples=1, stream=stream).epoch_end(0, logs, 1.0)
    assert "a 0.0000  b 1.000e-07  c 1.235e+05  d -2.0000" in stream.getvalue()


def test_verbosity_is_one_of_four():
    with pytest.raises(ArgumentError, match="verbose must be 'auto', 0, 1 or 2, not 'loud'"):
        Display("loud", epochs=1, n_samples=1)
