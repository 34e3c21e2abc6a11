"""Fixtures of the tests of models."""

import pytest

from fastbp.training import stage


@pytest.fixture(params=[1, 700, 1 << 23], ids=["one batch a stage", "some", "all in a stage"])
def stage_bytes(request, monkeypatch):
    monkeypatch.setattr(stage, "STAGE_BYTES", request.param)
