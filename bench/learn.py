"""How well networks learn Fashion-MNIST, and how soon: test accuracy, and seconds to 87 and to 89 %.

Each recipe trains with several seeds. The clock stands still while the test set is looked at, after every epoch, so a
time is that of the first epoch that ends at or above the accuracy. Recipes were chosen by the last 5,000 training
samples, held out; here all 60,000 are trained on.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import fastbp
from commandline import Parser, check_outputs, count
from tables import describe, machine, table, write_json

Threads = int | Literal["auto"]
ACCURACIES = (0.87, 0.89)


@dataclass(frozen=True)
class Recipe:
    """A network and how it is trained.

    Attributes
    ----------
    text : str
        What a reader needs to repeat it.
    widths : tuple of int
        Units of the hidden layers, all relu.
    batch_size, epochs : int
    optimizer : callable
        ``optimizer(steps)``, of the steps in all.
    dropout : float
        Behind each hidden layer.
    """

    text: str
    widths: tuple[int, ...]
    batch_size: int
    epochs: int
    optimizer: Callable[[int], Any]
    dropout: float = 0.0

    def model(self, seed: int, data: Any) -> fastbp.Sequential:
        """The network, compiled."""
        n_samples, n_columns = data.x_train.shape
        layers: list[Any] = [fastbp.Input((n_columns,)), fastbp.Rescaling(1 / 255)]
        for width in self.widths:
            layers += [fastbp.Dense(width, "relu"), fastbp.Dropout(self.dropout)]
        model = fastbp.Sequential([*layers, fastbp.Dense(10, "softmax")], seed=seed)
        optimizer = self.optimizer(self.epochs * -(-n_samples // self.batch_size))
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model


def _cosine(rate: float, steps: int, warm_up: float = 0.05) -> Any:
    """Up to a rate, then down to 0 along half a cosine."""
    first = max(1, int(warm_up * steps))
    return fastbp.CosineDecay(
        rate / 10, decay_steps=steps - first, warmup_target=rate, warmup_steps=first
    )


RECIPES = {
    "constant": Recipe(
        "784-128-10, batch 128, Adam(0.001)", (128,), 128, 20, lambda _: fastbp.Adam(1e-3)
    ),
    "short": Recipe(
        "784-256-10, batch 64, Adam, cosine to 0 from 0.002, dropout 0.1",
        (256,),
        64,
        12,
        lambda steps: fastbp.Adam(_cosine(2e-3, steps)),
        0.1,
    ),
    "long": Recipe(
        "784-512-512-10, batch 128, Adam, cosine to 0 from 0.001, dropout 0.2",
        (512, 512),
        128,
        20,
        lambda steps: fastbp.Adam(_cosine(1e-3, steps)),
        0.2,
    ),
}


@dataclass
class Clock(fastbp.Callback):
    """Seconds of training and accuracy on the test set after each epoch."""

    x: Any
    y: Any
    threads: Threads = "auto"
    seconds: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    began: float = 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        """The clock starts."""
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """It stands still while the test set is looked at."""
        stopped = time.perf_counter()
        self.seconds.append(stopped - self.began)
        figures = self.model.evaluate(self.x, self.y, verbose=0, threads=self.threads)
        self.accuracies.append(float(figures[1]))
        self.began += time.perf_counter() - stopped

    def first_at(self, accuracy: float) -> float | None:
        """Seconds until an epoch ended at or above this, None if none did."""
        pairs = zip(self.seconds, self.accuracies, strict=True)
        return next((seconds for seconds, reached in pairs if reached >= accuracy), None)


def learn(recipe: Recipe, data: Any, seed: int, threads: Threads) -> Clock:
    """Train once."""
    x, y = data.x_train, data.y_train
    clock = Clock(data.x_test, data.y_test, threads)
    recipe.model(seed, data).fit(
        x,
        y,
        recipe.batch_size,
        recipe.epochs,
        verbose=0,
        callbacks=[clock],
        threads=threads,
    )
    return clock


def warm_up(recipe: Recipe, data: Any) -> None:
    """Compile all kernels that a recipe needs."""
    model = recipe.model(0, data)
    model.fit(data.x_train[:1000], data.y_train[:1000], recipe.batch_size, verbose=0)
    model.evaluate(data.x_test[:1000], data.y_test[:1000], verbose=0)


def _range(numbers: Sequence[float]) -> str:
    return f"{100 * min(numbers):.2f} to {100 * max(numbers):.2f}"


def _soonest(clocks: Sequence[Clock], accuracy: float) -> str:
    """Median seconds; how many seeds got there, if not all did."""
    found = [seconds for clock in clocks if (seconds := clock.first_at(accuracy)) is not None]
    if not found:
        return "-"
    some = "" if len(found) == len(clocks) else f" ({len(found)} of {len(clocks)})"
    return f"{statistics.median(found):.2f}{some}"


def row(name: str, recipe: Recipe, clocks: Sequence[Clock]) -> list[str]:
    """A recipe's line of the table."""
    last = [clock.accuracies[-1] for clock in clocks]
    return [
        f"{name}: {recipe.text}",
        str(recipe.epochs),
        f"{100 * statistics.mean(last):.2f}",
        _range(last),
        *(_soonest(clocks, accuracy) for accuracy in ACCURACIES),
        f"{statistics.median(clock.seconds[-1] for clock in clocks):.1f}",
    ]


HEADER = [
    "recipe",
    "epochs",
    "test accuracy, %",
    "of the seeds",
    *(f"s to {accuracy:.0%}" for accuracy in ACCURACIES),
    "s in all",
]


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; the exit code."""
    parser = Parser("learn", __doc__)
    parser.add_argument("--seeds", type=count, default=5, help="runs of each recipe (5)")
    parser.add_argument("--recipe", action="append", choices=list(RECIPES), help="only this one")
    parser.add_argument("--folder", type=Path, help="where the IDX files of Fashion-MNIST lie")
    parser.add_argument("--threads", type=count, help="default: as many as are quickest")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    chosen = parser.parse_args(arguments)
    check_outputs(parser, chosen.json, None)
    try:
        data = fastbp.load_fashion_mnist(chosen.folder)
    except fastbp.FastbpError as error:
        parser.error(str(error))
    return run(chosen, data)


def run(chosen: argparse.Namespace, data: Any) -> int:
    """Train all that is asked for."""
    rows, figures = [], {}
    threads: Threads = chosen.threads or "auto"
    for name in chosen.recipe or RECIPES:
        recipe = RECIPES[name]
        warm_up(recipe, data)
        clocks = []
        for seed in range(1, chosen.seeds + 1):
            clocks.append(learn(recipe, data, seed, threads))
            reached = f"{100 * clocks[-1].accuracies[-1]:.2f} % in {clocks[-1].seconds[-1]:.1f} s"
            print(f"{name}, seed {seed}: {reached}", file=sys.stderr)
        rows.append(row(name, recipe, clocks))
        figures[name] = {
            "recipe": recipe.text,
            "seconds": [clock.seconds for clock in clocks],
            "accuracies": [clock.accuracies for clock in clocks],
        }
    facts = machine("learn")
    print(table(HEADER, rows))
    print(f"\n{describe(facts)}")
    if chosen.json:
        write_json(chosen.json, {"machine": facts, "recipes": figures})
    return 0


if __name__ == "__main__":
    sys.exit(main())
