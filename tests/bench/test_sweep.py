"""Random networks are the same for a seed and in range; an interrupted sweep goes on."""

from pathlib import Path
from typing import Any

import pytest

from peers.spelling import parse, spell
from sweep import draw, summary
from sweep.__main__ import main
from sweep.record import Record

NUMBERS = range(150)
DRAWN = [draw.draw(0, number) for number in NUMBERS]


def test_the_seed_and_the_number_decide() -> None:
    assert [spell(draw.draw(0, number)) for number in NUMBERS] == list(map(spell, DRAWN))
    assert [spell(draw.draw(1, number)) for number in NUMBERS] != list(map(spell, DRAWN))
    assert len(set(map(spell, DRAWN))) == len(DRAWN)


def test_networks_are_in_range_and_can_be_written_down() -> None:
    for workload in DRAWN:
        assert 1 <= len(workload.sizes) - 1 <= draw.MOST_LAYERS
        assert 1 <= min(workload.sizes) <= max(workload.sizes) <= draw.MOST_UNITS
        assert 1 <= workload.batch_size <= draw.MOST_SAMPLES
        assert workload.flops <= draw.MOST_FLOPS
        again = parse(spell(workload))
        assert (again.sizes, again.batch_size) == (workload.sizes, workload.batch_size)
        assert (again.hidden, again.loss) == (workload.hidden, workload.loss)


def test_networks_are_of_all_kinds() -> None:
    assert {len(workload.sizes) - 1 for workload in DRAWN} == set(range(1, draw.MOST_LAYERS + 1))
    for name in ("loss", "dtype", "optimizer"):
        assert len({getattr(workload, name) for workload in DRAWN}) > 1
    sizes = [size for workload in DRAWN for size in workload.sizes]
    assert 0.3 < sum(size % 2 for size in sizes) / len(sizes) < 0.8
    assert min(sizes) == 1
    assert max(sizes) > draw.MOST_UNITS / 2


SWEEP = {"seed": 0}


def test_a_record_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "sweep.jsonl"
    record = Record(path, SWEEP, {})
    record.add({"number": 0, "network": "a"})
    record.add({"number": 2, "network": "b"})
    # The third was cut off.
    with path.open("a") as file:
        file.write('{"number": 1, "netw')
    record = Record(path, SWEEP, {})
    assert record.numbers == {0, 2}
    record.add({"number": 1, "network": "c"})
    assert [each["network"] for each in Record(path, SWEEP, {}).results] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "content", ["no JSON\n", "{}\n", "[1]\n", "a diary", '{"sweep": {"seed": 1}}\n']
)
def test_the_file_of_something_else_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "notes"
    path.write_text(content)
    with pytest.raises(ValueError, match="sweep"):
        Record(path, SWEEP, {})
    assert path.read_text() == content


@pytest.mark.parametrize("option", ["--networks=0", "--seed=-1", "--limit-seconds=0", "--resume"])
def test_wrong_options_are_told_in_one_line(
    option: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["sweep", option])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def outcome(contestant: str, us: float, same_work: bool = True) -> dict[str, Any]:
    return {
        "contestant": contestant,
        "mode": "1 thread",
        "us": [us],
        "median_us": us,
        "same_work": same_work,
        "remark": "",
    }


def result(number: int, ours: float, *theirs: dict[str, Any]) -> dict[str, Any]:
    outcomes = [outcome("fastbp", ours), *theirs]
    peer = summary.best_peer(outcomes)
    return {
        "number": number,
        "network": f"network {number}",
        "us": ours,
        "share_of_peak": 0.5,
        "ratio": peer and peer["median_us"] / ours,
        "outcomes": outcomes,
    }


def test_what_a_sweep_has_found() -> None:
    results = [
        result(0, 10.0, outcome("JAX", 20.0), outcome("NumPy", 15.0)),
        result(1, 10.0, outcome("JAX", 8.0)),
        result(2, 10.0, outcome("JAX", 30.0, same_work=False)),
        {"number": 3, "network": "network 3", "failure": "Traceback\nOSError: full"},
    ]
    text = summary.summarize(results)
    assert "ahead of every peer on 2 of 3 networks" in text
    rows = [line for line in text.splitlines() if line.startswith("| network ")]
    assert [row.split()[2] for row in rows[1:]] == ["1", "0", "2"]
    assert "2 network 2: NOT THE SAME work: JAX" in text
    assert "3 network 3: OSError: full" in text


def test_two_networks_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sweep.jsonl"
    monkeypatch.setattr("sweep.__main__.draw", lambda seed, number: parse(f"5-{number + 7}-3:4"))
    for n_networks in ("1", "2"):
        monkeypatch.setattr(
            "sys.argv",
            ["sweep", "--networks", n_networks, "--output", str(path), "--peers", "NumPy"],
        )
        assert main() == 0
    kept = Record(path, {"seed": 0, "peers": ["NumPy"], "compiled": False}, {})
    assert kept.numbers == {0, 1}
