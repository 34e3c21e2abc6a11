"""All optimizers by name."""

from fastbp.optimizers.adam import Adam, Adamax, AdamW, Nadam
from fastbp.optimizers.adaptive import Adadelta, Adagrad, RMSprop
from fastbp.optimizers.gradient_descent import SGD
from fastbp.optimizers.muon import Muon
from fastbp.optimizers.optimizer import Optimizer
from fastbp.optimizers.signs import Lion, Rprop
from fastbp.specification import Family

OPTIMIZERS: Family[Optimizer] = Family(
    "optimizer",
    Optimizer,
    {
        "sgd": SGD,
        "rmsprop": RMSprop,
        "adam": Adam,
        "adamw": AdamW,
        "adamax": Adamax,
        "nadam": Nadam,
        "adagrad": Adagrad,
        "adadelta": Adadelta,
        "lion": Lion,
        "muon": Muon,
        "rprop": Rprop,
    },
)
