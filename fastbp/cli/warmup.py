"""`fastbp warmup`: compile what dense networks need, once on a machine."""

import time
from typing import Annotated

import typer
from rich.console import Console

from fastbp.cli import options
from fastbp.cli.failures import reports_failures


@reports_failures
def warmup(
    everything: Annotated[
        bool,
        typer.Option("--all", help="Every activation, loss and update rule, in both types."),
    ] = False,
    threads: options.Threads = "auto",
    debug: options.Debug = False,
) -> None:
    """Compile what dense networks need into the cache.

    Without it, the first training of each kind compiles, which takes some
    seconds. What the cache has already is only loaded.

    \b
    fastbp warmup
    fastbp warmup --all
    """
    # Numba takes its time: not for `--help`.
    from fastbp.cli.recipes import all_recipes, usual_recipes
    from fastbp.cli.rehearsal import rehearse
    from fastbp.engine import executor
    from fastbp.runtime.cache import cache_folder, compiled_here

    console = Console(highlight=False, soft_wrap=True)
    workers = options.parse_threads(threads)
    recipes = list(all_recipes() if everything else usual_recipes())
    began = time.perf_counter()
    total = 0
    for number, recipe in enumerate(recipes, start=1):
        step_began = time.perf_counter()
        with console.status(f"{number} of {len(recipes)}: {recipe}"):
            n_compiled = rehearse(
                recipe.model(), *recipe.samples(), batch_size=recipe.batch_size, threads=workers
            )
        seconds = time.perf_counter() - step_began
        total += n_compiled
        done = f"{n_compiled:>2} compiled" if n_compiled else "in cache   "
        console.print(f"{number:>3}/{len(recipes)}  {done} {seconds:>6.2f} s  {recipe}")
    before = len(compiled_here)
    executor.update()  # the walk of `train_on_batch`
    total += len(compiled_here) - before
    seconds = time.perf_counter() - began
    console.print(f"\n[bold]{total} compiled in {seconds:.1f} s[/bold], kept in {cache_folder()}")
