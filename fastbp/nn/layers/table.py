"""The table of all layers."""

from fastbp.nn.layers.activation import Activation
from fastbp.nn.layers.activity_regularization import ActivityRegularization
from fastbp.nn.layers.batch_normalization import BatchNormalization
from fastbp.nn.layers.dense import Dense
from fastbp.nn.layers.embedding import Embedding
from fastbp.nn.layers.input import Input
from fastbp.nn.layers.layer import Layer
from fastbp.nn.layers.layer_normalization import LayerNormalization
from fastbp.nn.layers.named_activations import ELU, LeakyReLU, ReLU, Softmax
from fastbp.nn.layers.noise import AlphaDropout, Dropout, GaussianDropout, GaussianNoise
from fastbp.nn.layers.normalization import Normalization
from fastbp.nn.layers.prelu import PReLU
from fastbp.nn.layers.rescaling import Rescaling
from fastbp.nn.layers.shapes import Flatten, Reshape
from fastbp.specification import Family

LAYERS: Family[Layer] = Family(
    "layer",
    Layer,
    {
        "Input": Input,
        "Dense": Dense,
        "Activation": Activation,
        "ReLU": ReLU,
        "LeakyReLU": LeakyReLU,
        "ELU": ELU,
        "Softmax": Softmax,
        "Normalization": Normalization,
        "LayerNormalization": LayerNormalization,
        "BatchNormalization": BatchNormalization,
        "PReLU": PReLU,
        "ActivityRegularization": ActivityRegularization,
        "Dropout": Dropout,
        "AlphaDropout": AlphaDropout,
        "GaussianDropout": GaussianDropout,
        "GaussianNoise": GaussianNoise,
        "Rescaling": Rescaling,
        "Embedding": Embedding,
        "Flatten": Flatten,
        "Reshape": Reshape,
    },
)
