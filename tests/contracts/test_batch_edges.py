"""Poisoned buffers never leak into a result, short batches neither; nothing is allocated while training."""

import ctypes
import sys
import tracemalloc
from typing import Any

import numpy as np
import psutil
import pytest
from numba.core.runtime import rtsys

import naive
from contracts.problems import OPTIMIZERS, Problem, digest


def poison(network: Any) -> int:
    """Fill every buffer of the arena that is not part of the network's state with NaN; return how many numbers."""
    raise NotImplementedError
