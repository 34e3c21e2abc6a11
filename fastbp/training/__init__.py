"""Epochs, callbacks, history, progress: decisions at Python's speed between compiled calls.

Nothing here computes what a network computes; the engine does.
"""

from fastbp.training.callbacks import Callback, CallbackList
from fastbp.training.history import History
from fastbp.training.inputs import Samples, check_inputs, check_samples
from fastbp.training.loop import Plan, Training
from fastbp.training.progress import Display

__all__ = [
    "Callback",
    "CallbackList",
    "Display",
    "History",
    "Plan",
    "Samples",
    "Training",
    "check_inputs",
    "check_samples",
]
