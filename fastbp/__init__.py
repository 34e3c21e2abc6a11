"""fastbp: neural network training, compiled with Numba."""

__version__ = "0.1.0"
