"""The metrics, and the losses that may be metrics, where Keras has them: ``from fastbp.metrics import AUC``."""

from typing import Any

from fastbp import nn

_CLASSES: dict[str, Any] = {
    name: each
    for name, each in vars(nn).items()
    if isinstance(each, type) and issubclass(each, (nn.Metric, nn.LossFunction))
}


def __getattr__(name: str) -> Any:
    if name in _CLASSES:
        return _CLASSES[name]
    raise AttributeError(f"module 'fastbp.metrics' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_CLASSES)
