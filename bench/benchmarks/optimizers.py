"""What a step of each optimizer costs, beside one of plain gradient descent."""

import os
from dataclasses import replace

import fastbp
from benchmarks.fits import QUICK_VARIABLE, Fit, ratio
from benchmarks.workloads import WORKLOADS

OPTIMIZERS = {
    "momentum": fastbp.SGD(momentum=0.9),
    "nesterov": fastbp.SGD(momentum=0.9, nesterov=True),
    "adagrad": fastbp.Adagrad(),
    "adadelta": fastbp.Adadelta(),
    "rmsprop": fastbp.RMSprop(),
    "rmsprop centered": fastbp.RMSprop(centered=True),
    "adam": fastbp.Adam(),
    "amsgrad": fastbp.Adam(amsgrad=True),
    "adamw": fastbp.AdamW(),
    "adamax": fastbp.Adamax(),
    "nadam": fastbp.Nadam(),
    "lion": fastbp.Lion(),
    "muon": fastbp.Muon(),
    "rprop": fastbp.Rprop(),
    "rprop iplus": fastbp.Rprop(variant="iplus"),
    "adam, cosine decay": fastbp.Adam(fastbp.CosineDecay(0.001, 10_000)),
    "sgd, clipped": fastbp.SGD(clipvalue=1.0),
    "sgd, norms clipped": fastbp.SGD(clipnorm=1.0),
    "sgd, global norm clipped": fastbp.SGD(global_clipnorm=1.0),
    "sgd, of four batches": fastbp.SGD(gradient_accumulation_steps=4),
    "sgd, averages": fastbp.SGD(use_ema=True),
}

#: These stand for all where nobody looks at the figures: each rule is compiled for some seconds, these by the tests.
_QUICK = ("adam", "adam, cosine decay", "muon", "sgd, norms clipped", "sgd, of four batches")
_NAMES = _QUICK if QUICK_VARIABLE in os.environ else tuple(OPTIMIZERS)

#: A step an epoch, as Rprop wants it: all samples in each.
_WORKLOAD = replace(WORKLOADS["784-128-10"], n_steps=1, n_epochs=100)
_ROUNDS = 20


class OptimizerStep:
    params = (_NAMES, (1, 2))
    param_names = ("optimizer", "threads")
    unit = "steps of SGD"

    def setup(self, optimizer: str, threads: int) -> None:
        self.fits = [Fit(_WORKLOAD, each, threads) for each in ("sgd", OPTIMIZERS[optimizer])]

    def track_to_sgd(self, optimizer: str, threads: int) -> float:
        """By the quickest of some rounds."""
        return ratio(self.fits, _ROUNDS)
