"""What operations have in common whose weights are vectors, a number for each feature."""

from fastbp.compiler.graph import OperationWithWeights
from fastbp.compiler.operations.lowered import Lowered, Scope
from fastbp.compiler.penalties import strengths
from fastbp.compiler.rows import Buffer


class LoweredWithVectors(Lowered):
    """Finds the vectors by the names of the weights."""

    def __init__(self, scope: Scope, operation: OperationWithWeights) -> None:
        super().__init__(scope, operation)
        places = scope.parameters.places[operation.index]
        self._vectors = {
            weight.name: (weight, place)
            for weight, place in zip(operation.weights, places, strict=True)
        }

    def offset_of(self, name: str) -> int:
        """Where a vector lies, -1 if the layer has none of this name."""
        return self._vectors[name][1].offset if name in self._vectors else -1

    def is_learned(self, name: str) -> bool:
        """Whether this program needs the gradient of a vector."""
        rule = self._scope.request.rule
        if rule is None or name not in self._vectors:
            return False
        return rule == "store" or self._vectors[name][0].trained

    def learn(self, name: str, terms: Buffer) -> None:
        """A row that adds up a vector's gradient over the samples, and uses it, if it is needed."""
        if self.is_learned(name):
            weight, place = self._vectors[name]
            self.vector_gradient(terms, place, *strengths(weight.regularizer))
