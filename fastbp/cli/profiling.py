"""What `fastbp profile` does: a network and random data for it, a measurement, a table and a file."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from rich.console import Console

import fastbp
from fastbp.cli.networks import build_plain_model, parse_sizes
from fastbp.engine import Profile
from fastbp.errors import ArgumentError
from fastbp.nn import LossFunction
from fastbp.runtime.processor import processor
from fastbp.sequential import Sequential, load_model
from fastbp.storage import check_can_write, replace_file

_OPTIMIZER, _LOSS = "sgd", "sparse_categorical_crossentropy"
# More numbers than the caches hold, so that a step reads its samples from memory, as it does in training; and few
# enough to be drawn in no time.
_NUMBERS = 1 << 22
_FEWEST_BATCHES, _MOST_BATCHES = 2, 100


@dataclass(frozen=True, kw_only=True)
class ProfilingJob:
    """What a person asked for; None where the network says it, or the usual is meant."""

    network: str
    batch_size: int
    activation: str | None
    optimizer: str | None
    loss: str | None
    dtype: str | None
    threads: int | Literal["auto"]
    seconds: float
    json_file: Path | None

    def run(self, console: Console) -> None:
        """Measure, print and write."""
        if self.json_file is not None:
            check_can_write(self.json_file)
            if self.json_file.resolve() == Path(self.network).resolve():
                raise ArgumentError(f"--json and the model are the same file: {self.json_file}")
        sizes = self._sizes()
        model = self._loaded() if sizes is None else self._built(sizes)
        x, y = random_samples(model, self.batch_size)
        console.print(self._description(model), style="bold")
        with console.status("Measuring, after compiling what was never compiled ..."):
            profile = model.profile(
                x, y, self.batch_size, threads=self.threads, seconds=self.seconds
            )
        console.print(str(profile))
        if self.json_file is not None:
            figures = json.dumps(self._figures(model, profile), indent=2) + "\n"
            replace_file(self.json_file, figures.encode())

    def _sizes(self) -> tuple[int, ...] | None:
        """The sizes, or None where the network is a file."""
        path = Path(self.network)
        return None if path.suffix or path.exists() else parse_sizes(self.network)

    def _built(self, sizes: tuple[int, ...]) -> Sequential:
        return build_plain_model(
            sizes,
            activation="relu" if self.activation is None else self.activation,
            optimizer=self.optimizer or _OPTIMIZER,
            loss=self.loss or _LOSS,
            dtype=self.dtype or "float32",
        )

    def _loaded(self) -> Sequential:
        """The model of the file, compiled with what is asked for, and else with its own or what fits its outputs."""
        for option, value in (("--activation", self.activation), ("--dtype", self.dtype)):
            if value is not None:
                raise ArgumentError(f"{option} goes with sizes; {self.network} has its own")
        model = load_model(self.network)
        model.compile(
            self.optimizer or model.optimizer or _OPTIMIZER,
            self.loss or model.loss or self._usual_loss(model),
            model.metrics if self.loss is None else None,
        )
        return model

    def _usual_loss(self, model: Sequential) -> str:
        """What goes with the outputs of a model that was never compiled."""
        usual = {"softmax": _LOSS, "sigmoid": "binary_crossentropy"}
        return usual.get(model.learner.stack.output_activation, "mean_squared_error")

    def _description(self, model: Sequential) -> str:
        assert model.loss is not None
        parameters = f"{model.count_params():,} parameters in {model.dtype}"
        return f"{self.network}: {parameters}, {type(model.optimizer).__name__}, {model.loss.kind}"

    def _figures(self, model: Sequential, profile: Profile) -> dict[str, Any]:
        """All there is, in seconds, operations and bytes."""
        assert model.loss is not None
        assert model.optimizer is not None
        return {
            "network": self.network,
            "parameters": model.count_params(),
            "dtype": model.dtype,
            "optimizer": model.optimizer.to_config(),
            "loss": model.loss.kind,
            "fastbp": fastbp.__version__,
            "processor": processor().name,
            "peak_gflops": profile.peak,
            "batch_size": profile.batch_size,
            "workers": profile.workers,
            "seconds_per_step": profile.seconds_per_step,
            "flops": profile.flops,
            "n_bytes": sum(row.n_bytes for row in profile.rows),
            "share_of_peak": profile.share_of_peak,
            "rows": [asdict(row) for row in profile.rows],
        }


def random_samples(model: Sequential, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Some batches of inputs, and targets as the model's loss wants them; the same every time."""
    assert model.n_inputs is not None
    assert model.loss is not None
    random = np.random.default_rng(0)
    n_batches = _NUMBERS // (batch_size * model.n_inputs)
    n_samples = batch_size * min(max(n_batches, _FEWEST_BATCHES), _MOST_BATCHES)
    dtype: Any = model.dtype
    x = random.standard_normal((n_samples, model.n_inputs), dtype)
    stack = model.learner.stack
    looked_up = stack.lookup(model.n_inputs).embedded
    for layer, columns in zip(stack.embeddings, looked_up, strict=True):
        x[:, list(columns)] = random.integers(0, layer.input_dim, (n_samples, len(columns)))
    return x, _random_targets(model.loss, n_samples, model.n_outputs, random).astype(
        np.int64 if model.loss.targets == "classes" else dtype
    )


def _random_targets(
    loss: LossFunction, n_samples: int, n_outputs: int, random: np.random.Generator
) -> np.ndarray:
    if loss.targets == "classes":
        return random.integers(0, n_outputs, n_samples)
    if loss.n_outputs_least > 1:
        return random.dirichlet(np.ones(n_outputs), n_samples)
    if loss.target_range is not None or loss.target_signs:
        return random.integers(0, 2, (n_samples, n_outputs))
    return random.standard_normal((n_samples, n_outputs))
