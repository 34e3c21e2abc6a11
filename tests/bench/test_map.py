"""The map of widths and batches, and the pictures."""

import json
from pathlib import Path

import pytest

from map.__main__ import cell, main
from peers.picture import draw

PNG = b"\x89PNG"


def test_a_cell_is_a_square_network() -> None:
    workload = cell(16, 4, 2, "float64")
    assert (workload.sizes, workload.batch_size) == ((16, 16, 16, 16), 4)
    assert workload.dtype == "float64"
    assert cell(2048, 2048, 2, "float32").n_steps == 1


def test_a_small_map_from_end_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures, picture = tmp_path / "map.json", tmp_path / "map.png"
    options = ["--widths", "8", "16", "--batches", "4", "--hidden", "1", "--seconds", "0.001"]
    outputs = ["--json", str(figures), "--picture", str(picture)]
    monkeypatch.setattr("sys.argv", ["map", *options, *outputs])
    assert main() == 0
    cells = json.loads(figures.read_text())["cells"]
    assert [(each["width"], each["batch"]) for each in cells] == [(8, 4), (16, 4)]
    assert all(each["share"] > 0 for each in cells)
    assert picture.read_bytes().startswith(PNG)
    assert "| batch |" in capsys.readouterr().out


@pytest.mark.parametrize(
    "options", [["--widths", "0"], ["--dtype", "int8"], ["--json", "nowhere/map.json"]]
)
def test_wrong_options_are_told_in_one_line(
    options: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["map", *options])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_bars_are_drawn(tmp_path: Path) -> None:
    path = tmp_path / "bars.png"
    networks = [
        ("2-8-2", {"fastbp": 0.5, "NumPy": 50.0}),
        ("784-30-10", {"fastbp": 20.0, "JAX": 18.0, "NumPy": 50.0}),
    ]
    draw(path, networks)
    assert path.read_bytes().startswith(PNG)
