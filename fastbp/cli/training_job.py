"""What `fastbp train` does: read, hold rows out, train, save, draw, report."""

import time
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
from rich.console import Console

import fastbp
from fastbp.cli.curves import draw_curves
from fastbp.cli.networks import TargetUnit, build_model, enough_epochs
from fastbp.cli.progress import TrainingProgress
from fastbp.cli.rehearsal import rehearse
from fastbp.cli.scores import score_text, show_images
from fastbp.data.dataset import DataSet
from fastbp.data.labels import Task
from fastbp.data.readers import read_data_set
from fastbp.data.split import hold_out
from fastbp.errors import ArgumentError, missing_extra
from fastbp.optimizers import Optimizer
from fastbp.sequential import Sequential
from fastbp.storage import check_can_write, replace_file
from fastbp.training import check_batch_size

Rows = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class TrainingJob:
    """What a person asked for, checked as far as it can be without the data."""

    data: str
    target: str | None
    ignore: tuple[str, ...]
    embed_above: int | None
    task: Task
    test_split: float
    validation_split: float
    hidden: tuple[int, ...]
    activation: str
    dtype: str
    epochs: int | None
    batch_size: int | None
    optimizer: Optimizer
    seed: int
    threads: int | Literal["auto"]
    output: Path
    plot: Path | None

    def run(self) -> None:
        """Do it; no file is written before the training is done."""
        # Names that people give are shown as they are, not read as markup.
        console = Console(highlight=False, markup=False, soft_wrap=True)
        self._check_outputs()
        data = read_data_set(
            self.data,
            target=self.target,
            task=self.task,
            ignore=self.ignore,
            embed_above=self.embed_above,
            test_fraction=self.test_split,
            seed=self.seed,
        )
        data, validation = self._hold_validation_out(data)
        model = build_model(
            data,
            hidden=self.hidden,
            activation=self.activation,
            optimizer=self.optimizer,
            seed=self.seed,
            dtype=self.dtype,
        )
        console.print(*self._description(data, validation, model), sep="\n", end="\n\n")
        history = self._fit(console, model, data, validation)
        outputs, score = None, None
        if data.x_test is not None and data.y_test is not None:
            outputs = model.predict(data.x_test, threads=self.threads)
            score = score_text(outputs, data.y_test, classes=data.class_names is not None)
            console.print(f"\nTest {score}", style="bold")
        model.save(self.output, metadata=self._metadata(data, score))
        console.print(f"Model   {self.output}")
        if self.plot is not None:
            title = data.name if score is None else f"{data.name}: test {score}"
            subtitle = "; ".join(self._description(data, validation, model)[1:])
            replace_file(self.plot, draw_curves(history, title=title, subtitle=subtitle))
            console.print(f"Curves  {self.plot}")
        if outputs is not None:
            show_images(console, data, outputs)
        console.print(f"\nNext: fastbp predict {self.output} DATA", style="dim")

    def _check_outputs(self) -> None:
        """Refuse what would fail, or destroy the data, only after the training."""
        check_can_write(self.output)
        files = {"--output": self.output}
        if Path(self.data).exists():
            files["the data"] = Path(self.data)
        if self.plot is not None:
            check_can_write(self.plot)
            if find_spec("matplotlib") is None:
                raise missing_extra("matplotlib", "cli", "drawing curves (see --no-plot)")
            files["--plot"] = self.plot
        names = list(files)
        for place, name in enumerate(names):
            for other in names[:place]:
                if files[name].resolve() == files[other].resolve():
                    raise ArgumentError(f"{name} and {other} are the same file: {files[name]}")

    def _hold_validation_out(self, data: DataSet) -> tuple[DataSet, Rows | None]:
        """The data without the rows to watch, and these."""
        x, y = data.x_train, data.y_train
        classes = y if data.class_names is not None else None
        train, held = hold_out(len(x), self.validation_split, classes=classes, seed=self.seed)
        if len(held) == 0:
            return data, None
        return replace(data, x_train=x[train], y_train=y[train]), (x[held], y[held])

    def _fit(
        self, console: Console, model: Sequential, data: DataSet, validation: Rows | None
    ) -> dict[str, list[float]]:
        """Train; targets that are numbers are brought to a unit of their own meanwhile."""
        y = data.y_train
        unit = TargetUnit.of(y) if data.class_names is None else None
        if unit is not None:
            y = unit.apply(y)
            validation = validation and (validation[0], unit.apply(validation[1]))
        self._compile_kernels(console, model, data.x_train, y)
        names = list(model.metrics_names)
        if validation is not None:
            names += [f"val_{name}" for name in names]
        epochs = self._epochs(data)
        with TrainingProgress(
            console, n_epochs=epochs, n_samples=len(y), columns=names
        ) as progress:
            history = model.fit(
                data.x_train,
                y,
                batch_size=self.batch_size,
                epochs=epochs,
                verbose=0,
                callbacks=[progress],
                validation_data=validation,
                threads=self.threads,
            )
        console.print(f"\n{epochs} epochs in {progress.seconds:.2f} s")
        if unit is not None:
            unit.fold_into(model)
            # What the optimizer remembers was in the targets' own unit.
            model.compile(self.optimizer, "mean_squared_error")
        return history.history

    def _compile_kernels(
        self, console: Console, model: Sequential, x: np.ndarray, y: np.ndarray
    ) -> None:
        """Compile, or load, before the epochs' clocks run."""
        began = time.perf_counter()
        with console.status("Compiling, which happens once on a machine ..."):
            n_compiled = rehearse(model, x, y, batch_size=self.batch_size, threads=self.threads)
        if n_compiled:
            seconds = time.perf_counter() - began
            console.print(f"compiled {n_compiled} kernels in {seconds:.1f} s", style="dim")

    def _epochs(self, data: DataSet) -> int:
        return self.epochs or enough_epochs(len(data.x_train), self._batch_size(data))

    def _batch_size(self, data: DataSet) -> int:
        return check_batch_size(self.batch_size, len(data.x_train), self.optimizer)

    def _description(
        self, data: DataSet, validation: Rows | None, model: Sequential
    ) -> tuple[str, str, str]:
        """The data, the network and the training, a line each."""
        n_held = 0 if validation is None else len(validation[0])
        n_test = 0 if data.x_test is None else len(data.x_test)
        rows = f"{len(data.x_train):,} training, {n_held:,} validation, {n_test:,} test rows"
        if data.class_names is not None:
            what = f"{len(data.class_names)} classes"
            end = f"{len(data.class_names)} softmax"
        else:
            what, end = "losses in units of the target's variance", f"{model.n_outputs}"
        widths = [
            f"{data.n_features}",
            *(f"{width} {self.activation}" for width in self.hidden),
            end,
        ]
        rate = getattr(self.optimizer, "learning_rate", None)
        return (
            f"{data.name}: {rows}; {data.n_features:,} inputs, {what}",
            f"{' - '.join(widths)}, {model.count_params():,} parameters, {self.dtype}",
            f"{type(self.optimizer).__name__} {rate}, batches of {self._batch_size(data)}, "
            f"{self._epochs(data)} epochs, seed {self.seed}",
        )

    def _metadata(self, data: DataSet, score: str | None) -> dict[str, Any]:
        """What `predict` needs, and what `inspect` tells."""
        return {
            "task": "regression" if data.class_names is None else "classification",
            "class_names": data.class_names,
            "image_shape": data.image_shape,
            "encoding": None if data.encoding is None else data.encoding.to_json(),
            "training": {
                "data": data.name,
                "rows": len(data.x_train),
                "epochs": self._epochs(data),
                "seed": self.seed,
                "test": score,
                "fastbp": fastbp.__version__,
            },
        }
