"""The activations, where Keras has them; each is its name: ``Dense(8, activations.relu)``.

x is an input, y an output. Numbers in a formula are given behind the name, ``"leaky_relu(0.1)"``, in the order shown
here, or to the layer: ``Activation("leaky_relu", negative_slope=0.1)``. An activation whose numbers have no defaults is
made of them: ``activations.threshold(threshold=0.5, default_value=0.0)``. Where no source is named the definition is
that of `keras.activations` in Keras 3. An unknown name raises AttributeError, other numbers an ArgumentError.

* linear: ``x``
* relu: ``max(x, 0)``; with negative_slope=0, max_value=inf, threshold=0, ``min(x, max_value)`` where ``x > threshold``,
  ``negative_slope * (x - threshold)`` elsewhere. Nair and Hinton, "Rectified linear units improve restricted Boltzmann
  machines", 2010
* relu6: ``min(max(x, 0), 6)``
* leaky_relu: ``x``, or ``negative_slope * x`` below 0, with negative_slope=0.2. Maas, Hannun and Ng, "Rectifier
  nonlinearities improve neural network acoustic models", 2013
* elu: ``x``, or ``alpha * (exp(x) - 1)`` below 0, with alpha=1. Clevert, Unterthiner and Hochreiter, "Fast and accurate
  deep network learning by exponential linear units (ELUs)", 2016
* celu: ``x``, or ``alpha * (exp(x / alpha) - 1)`` below 0, with alpha=1, where it is elu; alpha is above 0. Barron,
  "Continuously differentiable exponential linear units", 2017
* selu: ``1.0507 * x``, or ``1.0507 * 1.6733 * (exp(x) - 1)`` below 0. Klambauer, Unterthiner, Mayr and Hochreiter,
  "Self-normalizing neural networks", 2017
* tanh: ``(exp(x) - exp(-x)) / (exp(x) + exp(-x))``
* sigmoid: ``1 / (1 + exp(-x))``
* log_sigmoid: ``-log(1 + exp(-x))``
* softplus: ``log(1 + exp(x))``. Dugas, Bengio, Belisle, Nadeau and Garcia, "Incorporating second-order functional
  knowledge for better option pricing", 2001
* softsign: ``x / (1 + |x|)``
* squareplus: ``(x + sqrt(x**2 + b)) / 2``, with b=4, above 0. Barron, "Squareplus: a softplus-like algebraic
  rectifier", 2021
* gelu: ``x * P(z < x)`` with z normally distributed. Hendrycks and Gimpel, "Gaussian error linear units (GELUs)", 2016
* gelu_tanh: ``x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2``, from the same paper
* silu: ``x * sigmoid(x)``, also named swish. Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural
  network function approximation in reinforcement learning", 2018
* mish: ``x * tanh(log(1 + exp(x)))``. Misra, "Mish: a self regularized non-monotonic activation function", 2019
* exponential: ``exp(x)``
* hard_sigmoid: ``min(max(x / 6 + 1 / 2, 0), 1)``
* hard_silu: ``x * hard_sigmoid(x)``, also named hard_swish. Howard et al., "Searching for MobileNetV3", 2019
* hard_tanh: ``min(max(x, -1), 1)``
* soft_shrink: ``x - min(max(x, -threshold), threshold)``, with threshold=0.5, at least 0
* hard_shrink: ``x`` where ``|x| > threshold``, else 0, with threshold=0.5, at least 0
* tanh_shrink: ``x - tanh(x)``
* sparse_plus: 0 up to -1, ``(x + 1)**2 / 4``, ``x`` from 1 on
* sparse_sigmoid: ``min(max((x + 1) / 2, 0), 1)``
* threshold: ``x`` where ``x > threshold``, else ``default_value``
* softmax: ``exp(x) / sum(exp(x))`` over the outputs of a sample. Bridle, "Probabilistic interpretation of feedforward
  classification network outputs, with relationships to statistical pattern recognition", 1990
* log_softmax: ``x - log(sum(exp(x)))``
* sparsemax: ``max(x - t, 0)`` with the t by which a sample's outputs sum up to 1. Martins and Astudillo, "From softmax
  to sparsemax: a sparse model of attention and multi-label classification", 2016
* glu: ``a * sigmoid(b)`` with the halves a and b of a sample's inputs. Dauphin, Fan, Auli and Grangier, "Language
  modeling with gated convolutional networks", 2017
"""

from functools import partial
from typing import Any

from fastbp import nn
from fastbp.errors import ArgumentError, UnknownNameError


def __getattr__(name: str) -> Any:
    try:
        return nn.activation_name(name)
    except UnknownNameError as error:
        raise AttributeError(str(error)) from None
    except ArgumentError:
        return partial(nn.activation_name, name)


def __dir__() -> list[str]:
    return sorted(nn.ACTIVATIONS)
