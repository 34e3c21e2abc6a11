"""The Python of the README, and of each page of docs/, runs as it stands."""

import os
import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
PAGES = sorted((README.parent / "docs").glob("*.md"))


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


def test_the_pages_are_there() -> None:
    """Without them the next test would test nothing."""
    names = [page.name for page in PAGES]
    assert "performance.md" in names
    assert blocks((README.parent / "docs" / "optimizers.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks(page.read_text(encoding="utf-8")):
        exec(block, names)


def stated_and_found(text: str) -> list[tuple[float, float]]:
    """How many times as long others take, at the least and at the most: in the first sentence, and in the table."""
    [stated] = re.findall(r"by ([\d.]+) to ([\d.]+) times", text)
    found = [float(ratio) for ratio in re.findall(r" [um]s \(([\d.]+) x\)", text)]
    return list(zip(map(float, stated), (min(found), max(found)), strict=True))


def test_the_first_sentence_is_that_of_the_table() -> None:
    for stated, found in stated_and_found(README.read_text(encoding="utf-8")):
        assert stated == pytest.approx(found, rel=0.05)


def test_a_block_that_fails_is_noticed() -> None:
    assert blocks("text\n```python\n1 / 0\n```\n") == ["1 / 0\n"]


def test_every_page_is_reached_from_the_readme() -> None:
    text = README.read_text(encoding="utf-8")
    assert [page.name for page in PAGES if f"(docs/{page.name}" not in text] == []


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """To files that are there, and to headings in them."""
    for target in re.findall(r"\]\(([^)#:]*)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert not target or (page.parent / target).exists(), target
    for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]*)\)", page.read_text(encoding="utf-8")):
        text = (page.parent / target if target else page).read_text(encoding="utf-8")
        headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
        made = [re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings]
        assert anchor in made, (target, anchor)
