"""Batch normalization: by the statistics of the batch in training, by the moving ones else."""

from fastbp.compiler.graph import BatchNormalizationOperation
from fastbp.compiler.operations.lowered import Scope, activation_backward
from fastbp.compiler.operations.vectors import LoweredWithVectors
from fastbp.compiler.program import float_bits
from fastbp.compiler.rows import Buffer, Tensor
from fastbp.kernels import batch_normalization as kernels


class LoweredBatchNormalization(LoweredWithVectors):
    """See `BatchNormalizationOperation`.

    The batch's statistics ask for all samples at once, so those rows are shared ones: workers own features of all
    samples, and wait for each other before and behind.
    """

    def __init__(self, scope: Scope, operation: BatchNormalizationOperation) -> None:
        super().__init__(scope, operation)
        self._layer = operation.layer
        self._by_batch = scope.request.training and operation.layer.trainable
        self._epsilon = float_bits(operation.layer.epsilon)
        self._statistics = self._inputs = -1
        # What is added up over the samples for the gradient of a weight.
        self._terms: dict[str, Buffer] = {}

    @property
    def mixes_samples(self) -> bool:
        """By the statistics of the batch."""
        return self._by_batch

    def forward(self, below: Tensor) -> Tensor:
        """A new buffer: the inputs are needed again."""
        writer = self._writer
        self._inputs, value = writer.in_lanes(below.value), writer.buffer(below.value.width)
        value.lanes = writer.take(value)
        gamma, beta = self.offset_of("gamma"), self.offset_of("beta")
        sizes = value.padded, value.width
        if self._by_batch:
            self._statistics = writer.memory.take(len(kernels.Statistics._fields) * value.padded)
            fields = kernels.BatchNormalize(
                self._inputs, value.lanes, self._statistics, gamma, beta, self._epsilon, *sizes
            )
            writer.add_shared("batch_normalization", fields)
        else:
            mean, variance = self.offset_of("moving_mean"), self.offset_of("moving_variance")
            moving = kernels.MovingNormalize(
                self._inputs, value.lanes, gamma, beta, mean, variance, self._epsilon, *sizes
            )
            writer.add("moving_normalization", moving)
        return Tensor(value, value)

    def backward(self, below: Tensor | None, tensor: Tensor) -> None:
        """A new buffer: beta needs the gradient of the outputs as it is."""
        writer, above = self._writer, tensor.gradient
        assert above is not None
        output_gradient, target = writer.in_lanes(above), -1
        if below is not None:
            below.gradient = writer.buffer(above.width)
            target = below.gradient.lanes = writer.take(below.gradient)
        if self._by_batch:
            self._backward_by_batch(above, output_gradient, target)
        else:
            self._backward_by_moving(above, output_gradient, target)
        if below is not None:
            activation_backward(writer, below)

    def _backward_by_batch(self, above: Buffer, output_gradient: int, target: int) -> None:
        if self.is_learned("gamma"):
            self._take_terms("gamma", above)
        mean, variance = (
            self._scope.slots + self.offset_of(name) if self.is_learned(name) else -1
            for name in ("moving_mean", "moving_variance")
        )
        fields = kernels.BatchNormalizeBackward(
            inputs=self._inputs,
            statistics=self._statistics,
            output_gradient=output_gradient,
            gamma=self.offset_of("gamma"),
            gradient=target,
            gamma_terms=self._terms_of("gamma"),
            mean_gradient=mean,
            variance_gradient=variance,
            padded_features=above.padded,
            n_features=above.width,
        )
        self._writer.add_shared("batch_normalization_backward", fields)

    def _backward_by_moving(self, above: Buffer, output_gradient: int, target: int) -> None:
        if self._scope.request.rule == "store":
            for name in ("gamma", "moving_mean", "moving_variance"):
                self._take_terms(name, above)
        fields = kernels.MovingNormalizeBackward(
            inputs=self._inputs,
            output_gradient=output_gradient,
            gamma=self.offset_of("gamma"),
            mean=self.offset_of("moving_mean"),
            variance=self.offset_of("moving_variance"),
            epsilon=self._epsilon,
            gradient=target,
            gamma_terms=self._terms_of("gamma"),
            mean_terms=self._terms_of("moving_mean"),
            variance_terms=self._terms_of("moving_variance"),
            padded_features=above.padded,
            n_features=above.width,
        )
        self._writer.add("moving_normalization_backward", fields)

    def _take_terms(self, name: str, above: Buffer) -> None:
        terms = self._terms[name] = self._writer.buffer(above.width)
        terms.lanes = self._writer.take(terms)

    def _terms_of(self, name: str) -> int:
        return self._terms[name].lanes if name in self._terms else -1

    def weight_gradients(self, below: Tensor, tensor: Tensor) -> None:
        """Gamma and beta; of the moving statistics, too, where gradients are kept and these count."""
        assert tensor.gradient is not None
        for name, terms in {**self._terms, "beta": tensor.gradient}.items():
            self.learn(name, terms)

    def remember(self) -> None:
        """Moves the moving statistics."""
        if self._by_batch:
            width = self._operation.n_out
            fields = kernels.MoveStatistics(
                self._statistics,
                self.offset_of("moving_mean"),
                self.offset_of("moving_variance"),
                float_bits(self._layer.momentum),
                self._writer.buffer(width).padded,
                width,
            )
            self._writer.add("move_statistics", fields)
