"""What other calls take beside a step of a fit."""

import json
from pathlib import Path

import pytest

import calls
from benchmarks.workloads import Workload


def test_from_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "calls.json"
    options = ["--networks", "2-8-2", "--threads", "1", "--rounds", "1", "--json", str(file)]
    assert calls.main(options) == 0
    (found,) = json.loads(file.read_text())["calls"]
    assert (found["network"], found["batch_size"], found["threads"]) == ("2-8-2", 4, 1)
    assert 0 < found["predict_share"] < 1
    assert found["step_us"] > 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("| 2-8-2 ")


def test_arithmetic_of_a_forward_pass() -> None:
    """Each weight meets each sample of the set once: a product and a sum."""
    workload = Workload((5, 3, 2), 7, 2, 1)
    assert calls.Predict(workload, 1).flops == 2 * 14 * (5 * 3 + 3 * 2)


def test_wrong_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        calls.main(["--networks", "3-3"])
    assert "invalid choice" in capsys.readouterr().err
