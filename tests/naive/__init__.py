"""NumPy twins of everything that is compiled: from the published formula, never from the kernels.

A test reads `reference = naive.f(...)`, `computed = fastbp.f(...)`, and compares. All of it is float64, and takes
complex input, so that the complex-step derivative gives gradients good to 1e-14.
"""

from naive.activations import ACTIVATIONS, activation_gradient
from naive.embedding import Embedding
from naive.gradients import central_differences, complex_step, reverse_mode
from naive.losses import LOSSES, output_gradient
from naive.metrics import METRICS, OF_A_SET
from naive.networks import Activation, Dense, Network
from naive.optimizers import OPTIMIZERS, Optimizer
from naive.training import Trained, train

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "METRICS",
    "OF_A_SET",
    "OPTIMIZERS",
    "Activation",
    "Dense",
    "Embedding",
    "Network",
    "Optimizer",
    "Trained",
    "activation_gradient",
    "central_differences",
    "complex_step",
    "output_gradient",
    "reverse_mode",
    "train",
]
