"""The README's Python runs as it stands."""

import os
import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"


def blocks(text: str) -> list[str]:
    """The Python of a Markdown text."""
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


def test_the_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = blocks(README.read_text(encoding="utf-8"))
    assert len(found) == 2
    names: dict[str, object] = {}
    for block in found:
        exec(block, names)
    assert os.path.exists("digits.safetensors")
    labels = names["labels"]
    assert (labels == names["data"].y_test).mean() > 0.94  # type: ignore[attr-defined]


def test_a_block_that_fails_is_noticed() -> None:
    assert blocks("text\n```python\n1 / 0\n```\n") == ["1 / 0\n"]
