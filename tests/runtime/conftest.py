"""A cache of compiled code that a test has for itself."""

from collections.abc import Callable
from functools import cache as once
from pathlib import Path

import pytest

from fastbp.runtime import cache
from fastbp.runtime.cache import CACHE_VARIABLE


@pytest.fixture
def new_process(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Forget what this process knows of the cache; the list tells what is compiled from then on."""

    def forget() -> list[str]:
        compiled: list[str] = []
        look = cache._writable_folder
        monkeypatch.setattr(cache, "_writable_folder", once(look.__wrapped__))
        monkeypatch.setattr(cache, "compiled_here", compiled)
        return compiled

    return forget


@pytest.fixture
def folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_process: Callable[[], list[str]]
) -> Path:
    """Where the cache of a test is, which is not there yet."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "not" / "there"))
    new_process()
    found = cache.cache_folder()
    assert found is not None
    assert found.parent == tmp_path / "not" / "there"
    return found
