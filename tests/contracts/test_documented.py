"""Every public name, and every method of a model, is on a page of the documentation."""

import importlib
import re
from pathlib import Path

import pytest

import fastbp

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ROOMS = (
    "activations",
    "callbacks",
    "constraints",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "optimizers.schedules",
    "regularizers",
)
#: What others derive from, and what reads names: of the documentation of the classes, not of the pages.
INNER = {
    "Constraint", "FunctionSchedule", "Initializer", "Layer", "LossFunction", "Metric", "Rate",
    "Regularizer", "SCHEDULES", "as_learning_rate",
}  # fmt: skip


def public_names() -> set[str]:
    found = {*fastbp.__all__, *(name for name in vars(fastbp.Sequential) if name[0] != "_")}
    found |= {name for name in dir(fastbp.Model) if name[0] != "_"}
    for room in ROOMS:
        module = importlib.import_module(f"fastbp.{room}")
        found |= set(getattr(module, "__all__", None) or dir(module))
    return found - INNER


def missing(names: set[str], text: str) -> list[str]:
    words = set(re.findall(r"\w+", text))
    return sorted(names - words)


@pytest.fixture(scope="module")
def text() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def test_every_public_name_is_on_a_page(text: str) -> None:
    assert missing(public_names(), text) == []


def test_planted_omission_is_seen(text: str) -> None:
    assert missing(public_names(), text.replace("GaussianDropout", "")) == ["GaussianDropout"]
    assert missing({"fit", "Adam"}, "a model that fits") == ["Adam", "fit"]
