"""Optimizers as frozen specifications. An update rule is a name here and a function of that name in fastbp/kernels."""

from fastbp.optimizers import schedules
from fastbp.optimizers.adam import Adam, Adamax, AdamW, Nadam
from fastbp.optimizers.adaptive import Adadelta, Adagrad, RMSprop
from fastbp.optimizers.family import OPTIMIZERS
from fastbp.optimizers.gradient_descent import SGD
from fastbp.optimizers.muon import Muon
from fastbp.optimizers.optimizer import Optimizer
from fastbp.optimizers.signs import Lion, Rprop

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "Muon",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "Rprop",
    "schedules",
]
