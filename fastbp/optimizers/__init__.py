"""Optimizers as frozen specifications. An update rule is a name here and a function of that name in fastbp/kernels."""

from fastbp.optimizers.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Optimizer, RMSprop

__all__ = ["OPTIMIZERS", "SGD", "Adam", "AdamW", "Optimizer", "RMSprop"]
