"""Accuracy, and the time to it."""

import json
from pathlib import Path

import pytest

import fastbp
import learn


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recipe and a set that take no time."""
    recipe = learn.Recipe("a few steps", (16,), 100, 3, lambda _: fastbp.Adam(0.01), 0.1)
    monkeypatch.setattr(learn, "RECIPES", {"small": recipe})
    monkeypatch.setattr(fastbp, "load_fashion_mnist", lambda _: fastbp.load_digits())


@pytest.mark.usefixtures("small")
def test_from_end_to_end(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    assert learn.main(["--seeds", "2", "--threads", "1", "--json", str(path)]) == 0
    printed = capsys.readouterr().out.splitlines()
    cells = [cell.strip() for cell in printed[2].split("|")[1:-1]]
    assert cells[:2] == ["small: a few steps", "3"]
    figures = json.loads(path.read_text())["recipes"]["small"]
    assert [len(each) for each in figures["accuracies"]] == [3, 3]
    assert figures["accuracies"][0] != figures["accuracies"][1]
    for seconds in figures["seconds"]:
        assert 0 < seconds[0] < seconds[1] < seconds[2]
    last = [each[-1] for each in figures["accuracies"]]
    assert float(cells[2]) == pytest.approx(50 * sum(last), abs=0.006)


def test_the_first_epoch_that_is_good_enough() -> None:
    clock = learn.Clock(None, None, seconds=[1.0, 2.0, 3.0], accuracies=[0.5, 0.88, 0.86])
    assert clock.first_at(0.87) == 2.0
    assert clock.first_at(0.89) is None
    slower = learn.Clock(None, None, seconds=[4.0], accuracies=[0.9])
    assert learn._soonest([clock, slower], 0.87) == "3.00"
    assert learn._soonest([clock, slower], 0.89) == "4.00 (1 of 2)"
    assert learn._soonest([clock], 0.89) == "-"


def test_the_clock_stands_still_while_it_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second in `evaluate` is not half a second of training."""
    now = 0.0
    monkeypatch.setattr(learn.time, "perf_counter", lambda: now)

    class Model:
        def evaluate(self, *_: object, **__: object) -> list[float]:
            nonlocal now
            now += 0.5
            return [1.0, 0.25]

    clock = learn.Clock(None, None)
    clock.model = Model()
    clock.on_train_begin()
    for epoch in range(2):
        now += 1.0
        clock.on_epoch_end(epoch)
    assert clock.seconds == [1.0, 2.0]
    assert clock.accuracies == [0.25, 0.25]


def test_wrong_options(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for options in (["--seeds", "0"], ["--recipe", "none"], ["--folder", str(tmp_path)]):
        with pytest.raises(SystemExit) as ended:
            learn.main(options)
        assert ended.value.code == 2
        assert capsys.readouterr().err.startswith("scripts/bench learn: ")
