"""Noise between two layers: one row forward, and one backward where it is a factor."""

from dataclasses import dataclass
from math import sqrt

from fastbp.compiler.graph import NoiseOperation
from fastbp.compiler.operations.lowered import Lowered
from fastbp.compiler.program import float_bits
from fastbp.compiler.rows import Tensor
from fastbp.kernels import noise
from fastbp.kernels.elementwise import Elementwise
from fastbp.nn.layers.noise import AlphaDropout, Dropout, GaussianDropout, Noise

#: Where selu ends below.
_SELU_LOWEST = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717


@dataclass(frozen=True)
class _Numbers:
    """A kind of noise of `fastbp.kernels.noise`, and the numbers in its formula."""

    kind: str
    scale: float
    rate: float = 0.0
    shift: float = 0.0
    low: float = 0.0


def _numbers_of(layer: Noise) -> _Numbers:
    strength = layer.strength
    if isinstance(layer, Dropout):
        return _Numbers("drop", 1.0 / (1.0 - strength), strength)
    if isinstance(layer, AlphaDropout):
        a = ((1.0 - strength) * (1.0 + strength * _SELU_LOWEST**2)) ** -0.5
        b = -a * _SELU_LOWEST * strength
        return _Numbers("drop", a, strength, b, a * _SELU_LOWEST + b)
    if isinstance(layer, GaussianDropout):
        return _Numbers("multiply", sqrt(strength / (1.0 - strength)))
    return _Numbers("add", strength)


class LoweredNoise(Lowered):
    """See `NoiseOperation`."""

    _operation: NoiseOperation
    _factors = -1

    def forward(self, below: Tensor) -> Tensor:
        """A new buffer: the derivative of an activation below needs what it gave.

        That derivative is a factor of each number, as the noise is, so that their order does not matter, and what is
        above applies it at once.
        """
        writer, layer = self._writer, self._operation.layer
        inputs, value = writer.in_lanes(below.value), writer.buffer(self._operation.n_out)
        value.lanes = writer.take(value)
        numbers = _numbers_of(layer)
        if self.something_learns_below and numbers.kind != "add":
            self._factors = writer.take(value)
        fields = noise.Noise(
            inputs=inputs,
            outputs=value.lanes,
            factors=self._factors,
            padded_features=value.padded,
            n_features=value.width,
            layer=self._operation.position,
            seed=-1 if layer.seed is None else layer.seed,
            threshold=min(round(numbers.rate * 2.0**32), 2**32 - 1),
            scale=float_bits(numbers.scale),
            shift=float_bits(numbers.shift),
            low=float_bits(numbers.low),
        )
        writer.add("noise", fields, numbers.kind)
        kept = value if below.activation == "linear" else below.kept
        return Tensor(value, kept, below.activation)

    def backward(self, below: Tensor | None, tensor: Tensor) -> None:
        """The same factors once more, in place: nobody else reads the gradient."""
        if below is None:
            return
        writer = self._writer
        gradient = below.gradient = tensor.gradient
        assert gradient is not None
        if self._factors >= 0:
            target = writer.changed_in_lanes(gradient)
            fields = Elementwise(self._factors, target, gradient.padded, gradient.width)
            writer.add("noise_backward", fields)
