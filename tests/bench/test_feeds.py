"""Samples a second by where the data come from."""

import pytest

import feeds


def test_from_end_to_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "NETWORKS", (((6, 4, 3), 10, 105),))
    assert feeds.main(["--rounds", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 5
    assert [cell.strip() for cell in lines[2].split("|")[1:4]] == ["6-4-3", "10", "arrays"]
    assert lines[2].split("|")[5].strip() == "1.00"
    for line in lines[2:]:
        assert float(line.split("|")[4].replace(",", "")) > 0


def test_wrong_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        feeds.main(["--rounds", "0"])
    assert "whole number above 0" in capsys.readouterr().err
