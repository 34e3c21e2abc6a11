"""Samples a second by where the data come from."""

import re
import sys

import pytest

import bounded
import feeds


def test_from_end_to_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "NETWORKS", (((6, 4, 3), 10, 105),))
    assert feeds.main(["--rounds", "1"]) == 0
    facts, _, empty, *lines = capsys.readouterr().out.splitlines()
    assert "-byte vectors" in facts
    assert not empty
    assert len(lines) == 2 + 5
    assert [cell.strip() for cell in lines[2].split("|")[1:4]] == ["6-4-3", "10", "arrays"]
    assert lines[2].split("|")[5].strip() == "1.00"
    for line in lines[2:]:
        assert float(line.split("|")[4].replace(",", "")) > 0


def test_wrong_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        feeds.main(["--rounds", "0"])
    assert "whole number above 0" in capsys.readouterr().err


limited = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_DATA is Linux's")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A set of some MB, whatever the limit; no speed is too low."""
    monkeypatch.setattr(bounded, "NETWORK", ((64, 4, 3), 10))
    monkeypatch.setattr(bounded, "TIMES", 0.001)
    monkeypatch.setattr(bounded, "LEAST_SPEED", 0.0)


@limited
@pytest.mark.alone
def test_a_limit_of_memory(tiny: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert feeds.main(["--rounds", "1", "--limit", "2000"]) == 0
    _, _, _, head, _, _, *lines = capsys.readouterr().out.splitlines()
    assert head.startswith(
        "64-4-3, batches of 10; inputs of 2.0 MB a set; processes that may have 2000"
    )
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert [each[0] for each in cells] == list(bounded.WAYS)
    for name, rate, speed, taken, planned in cells:
        assert float(rate.replace(",", "")) > 0
        assert float(planned) > 0
        assert float(taken) >= 0
        assert speed == "1.00" or not name.startswith("arrays")


@limited
@pytest.mark.alone
def test_what_is_not_as_it_should_be(
    tiny: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too slow, or more memory than planned: each way that is limited is named."""
    monkeypatch.setattr(bounded, "LEAST_SPEED", 1e9)
    monkeypatch.setattr(bounded, "_UNPLANNED", -(10**12))
    assert feeds.main(["--rounds", "1", "--limit", "2000"]) == 1
    complaints = capsys.readouterr().err.splitlines()
    names = [name for name, (_, _, is_limited) in bounded.WAYS.items() if is_limited]
    assert len(complaints) == 2 * len(names)
    for name in names:
        speed, memory = (line for line in complaints if line.startswith(f"{name}: "))
        assert re.search(r"of the speed in memory$", speed)
        assert re.search(r"MB of \S+ planned$", memory)


@limited
@pytest.mark.alone
def test_a_limit_that_is_too_low(tiny: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert feeds.main(["--rounds", "1", "--limit", "20"]) == 1
    assert capsys.readouterr().err.strip()
