"""What functions of one's own and metrics cost."""

import pytest

import extras
import fastbp


def test_from_end_to_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert extras.main(["--rounds", "1", "--steps", "2", "--threads", "1"]) == 0
    facts, _, empty, *lines = capsys.readouterr().out.splitlines()
    assert "-byte vectors" in facts
    assert not empty
    assert len(lines) == 2 + len(extras.extras())
    cells = [[cell.strip() for cell in line.split("|")[1:4]] for line in lines[2:]]
    assert cells[0][0] == "relu, mean squared error"
    for name, step, ratio in cells:
        assert float(step) > 0, name
        assert float(ratio) > 0, name


def test_they_compute_what_they_are_compared_with() -> None:
    """The same loss after the same training; a metric changes nothing."""
    by_name = {extra.name: extra for extra in extras.extras()}
    x, y = [[1.0, -2.0], [0.5, 3.0]], [[1.0], [0.0]]

    def loss(name: str) -> float:
        extra = by_name[name]
        layers = [fastbp.Dense(8, extra.activation), fastbp.Dense(1)]
        model = fastbp.Sequential(layers, seed=1, dtype="float64")
        model.compile(fastbp.SGD(0.1), extra.loss, extra.metrics)
        return float(model.fit(x, y, epochs=5, verbose=0).history["loss"][-1])

    for name, extra in by_name.items():
        if "x / (1 + x**2)" not in name:
            assert loss(name) == pytest.approx(loss(extra.beside), rel=1e-12), name


def test_wrong_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        extras.main(["--rounds", "0"])
    assert "whole number above 0" in capsys.readouterr().err
