"""Epochs, callbacks, history, progress: decisions at Python's speed between compiled calls.

Nothing here computes what a network computes; the engine does.
"""

from fastbp.training.answers import evaluate, predict
from fastbp.training.batches import Batches, gives_batches
from fastbp.training.callbacks import NOBODY, Callback, CallbackList, Logs
from fastbp.training.class_weights import check_class_weight, with_class_weight
from fastbp.training.given import given_inputs, given_samples, given_to_fit
from fastbp.training.gradient_check import GradientReport, GradientRow, gradient_check
from fastbp.training.history import History
from fastbp.training.layer_norms import LayerNorm, LayerNorms, layer_norms
from fastbp.training.learner import Learner
from fastbp.training.learner_state import learner_from_state, learner_state
from fastbp.training.loop import Training
from fastbp.training.plan import Threads, check_batch_size, check_threads, make_plan
from fastbp.training.progress import Display, Verbosity, announce, figures
from fastbp.training.safe_point import SafePoint, TrainingState

__all__ = [
    "NOBODY",
    "Batches",
    "Callback",
    "CallbackList",
    "Display",
    "GradientReport",
    "GradientRow",
    "History",
    "LayerNorm",
    "LayerNorms",
    "Learner",
    "Logs",
    "SafePoint",
    "Threads",
    "Training",
    "TrainingState",
    "Verbosity",
    "announce",
    "check_batch_size",
    "check_class_weight",
    "check_threads",
    "evaluate",
    "figures",
    "given_inputs",
    "given_samples",
    "given_to_fit",
    "gives_batches",
    "gradient_check",
    "layer_norms",
    "learner_from_state",
    "learner_state",
    "make_plan",
    "predict",
    "with_class_weight",
]
