"""NumPy twins of everything that is compiled: from the published formula, never from the kernels.

A test reads `reference = naive.f(...)`, `computed = fastbp.f(...)`, and compares. All of it is float64, and takes
complex input, so that the complex-step derivative gives gradients good to 1e-14.
"""

from naive.activations import ACTIVATIONS, activation_gradient, inputs_for
from naive.constraints import CONSTRAINTS
from naive.embedding import Embedding
from naive.gradients import central_differences, complex_step, reverse_mode
from naive.losses import LOSSES, output_gradient
from naive.metrics import METRICS, OF_A_SET
from naive.networks import Activation, Activity, Dense, Network, Noise
from naive.noise import noise_key, noise_terms, normal_numbers, normals, threefry, uniform_words
from naive.normalizations import BatchNormalization, LayerNormalization, PReLU
from naive.optimizers import OPTIMIZERS, Optimizer
from naive.training import Trained, train

__all__ = [
    "ACTIVATIONS",
    "CONSTRAINTS",
    "LOSSES",
    "METRICS",
    "OF_A_SET",
    "OPTIMIZERS",
    "Activation",
    "Activity",
    "BatchNormalization",
    "Dense",
    "Embedding",
    "LayerNormalization",
    "Network",
    "Noise",
    "Optimizer",
    "PReLU",
    "Trained",
    "activation_gradient",
    "central_differences",
    "complex_step",
    "inputs_for",
    "noise_key",
    "noise_terms",
    "normal_numbers",
    "normals",
    "output_gradient",
    "reverse_mode",
    "threefry",
    "train",
    "uniform_words",
]
