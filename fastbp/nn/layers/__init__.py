"""Layers as specifications, and their table."""

from fastbp.nn.layers.activation import Activation
from fastbp.nn.layers.activity_regularization import ActivityRegularization
from fastbp.nn.layers.batch_normalization import BatchNormalization
from fastbp.nn.layers.dense import Dense
from fastbp.nn.layers.embedding import Embedding
from fastbp.nn.layers.input import Input
from fastbp.nn.layers.layer import Layer, Weight
from fastbp.nn.layers.layer_normalization import LayerNormalization
from fastbp.nn.layers.named_activations import ELU, LeakyReLU, ReLU, Softmax
from fastbp.nn.layers.noise import AlphaDropout, Dropout, GaussianDropout, GaussianNoise
from fastbp.nn.layers.normalization import Normalization
from fastbp.nn.layers.prelu import PReLU
from fastbp.nn.layers.rescaling import Rescaling
from fastbp.nn.layers.shapes import Flatten, Reshape
from fastbp.nn.layers.table import LAYERS

__all__ = [
    "ELU",
    "LAYERS",
    "Activation",
    "ActivityRegularization",
    "AlphaDropout",
    "BatchNormalization",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "Input",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Normalization",
    "PReLU",
    "ReLU",
    "Rescaling",
    "Reshape",
    "Softmax",
    "Weight",
]
