"""`fastbp doctor`: what fastbp finds on this machine."""

import platform
import warnings
from pathlib import Path

import typer
from rich.console import Console

from fastbp.cli import options
from fastbp.cli.failures import FAILED, reports_failures


@reports_failures
def doctor(debug: options.Debug = False) -> None:
    """Show what fastbp finds on this machine, and whether it works.

    The processor's features and vector width, how many threads and why that
    many, the measured peak of a core, Numba's threading layer, the cache
    folder and its state. Last, a small network trains as a test.
    """
    # Numba takes its time: not for `--help`.
    import llvmlite
    import numba
    import numpy

    import fastbp
    from fastbp.kernels.peak import measure_peak
    from fastbp.runtime.cache import cache_folder
    from fastbp.runtime.processor import processor

    console = Console(highlight=False, soft_wrap=True)

    def tell(name: str, text: str) -> None:
        console.print(f"[bold]{name:<14}[/bold]", end="")
        console.print(text, markup=False)

    found = processor()
    features = ", ".join(found.features) or "no vector extensions known"
    tell("fastbp", f"{fastbp.__version__} in {Path(fastbp.__file__).parent}")
    versions = (
        f"NumPy {numpy.__version__}, Numba {numba.__version__}, llvmlite {llvmlite.__version__}"
    )
    tell("runs on", f"Python {platform.python_version()}, {versions}, {platform.platform()}")
    tell("processor", f"{found.name}: {features}")
    tell(
        "vectors",
        f"{found.vector_bytes} bytes, {found.lanes(4)} float32 or {found.lanes(8)} float64; "
        f"{found.vector_registers} registers",
    )
    tell("threads", _threads())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with console.status("Measuring ..."):
            peaks = [f"{measure_peak(dtype):.0f} in {dtype}" for dtype in ("float32", "float64")]
        with console.status("Training a small network, which may have to compile ..."):
            works, result = _try_training()
    tell("peak", f"{' and '.join(peaks)}, GFLOP/s of one core (fused multiply-add)")
    tell("layer", _threading_layer())
    tell("cache", _cache_state(cache_folder()))
    for warning in caught:
        tell("warning", str(warning.message))
    tell("test", result)
    if not works:
        raise typer.Exit(FAILED)


def _threads() -> str:
    """How many threads `auto` may use, and what sets that number."""
    from fastbp.runtime.threads import available_workers, limits

    found = limits()
    count = available_workers()
    reasons = " and ".join(name for name, limit in found.items() if limit <= count)
    rest = ", ".join(f"{name} {limit}" for name, limit in found.items() if limit > count)
    return f"{count}, set by {reasons}" + (f" (not by {rest})" if rest else "")


def _cache_state(folder: Path | None) -> str:
    """Where compiled code is kept, and how much there is."""
    from fastbp.nn import byte_text
    from fastbp.runtime.cache import CACHE_VARIABLE

    if folder is None:
        return f"off, by the variable {CACHE_VARIABLE}"
    sizes = [file.stat().st_size for file in folder.glob("*")] if folder.is_dir() else []
    state = f"{len(sizes)} files, {byte_text(sum(sizes))}" if sizes else "empty"
    others = [each for each in folder.parent.glob("*") if each.is_dir() and len(each.name) == 20]
    n_others = len([each for each in others if each != folder])
    if n_others:
        state += f"; beside it {n_others} of other versions, which can be deleted"
    return f"{folder}: {state}"


def _threading_layer() -> str:
    """Numba's threading layer, known once a parallel region has run."""
    from numba import config, threading_layer

    try:
        order = ", ".join(config.THREADING_LAYER_PRIORITY)
        return f"{threading_layer()}, the first that works of {order}"
    except ValueError:
        return "none: nothing has run in parallel"


def _try_training() -> tuple[bool, str]:
    """Train a small network with one thread and with several: it must learn, and to the same bits."""
    import numpy as np

    from fastbp.cli.recipes import Recipe
    from fastbp.runtime.threads import available_workers

    several = max(2, available_workers())
    x, y = Recipe().samples()
    models = [Recipe().model() for _ in range(2)]
    losses = [
        model.fit(x, y, epochs=5, verbose=0, threads=threads).history["loss"]
        for model, threads in zip(models, (1, several), strict=True)
    ]
    # Rounding alone lowers the loss of every other network that stands still.
    if not losses[0][-1] < 0.99 * losses[0][0]:
        return False, f"FAILED: the loss went from {losses[0][0]:.4f} to {losses[0][-1]:.4f}"
    weights = [np.concatenate([array.ravel() for array in m.get_weights()]) for m in models]
    if weights[0].tobytes() != weights[1].tobytes():
        return False, f"FAILED: 1 and {several} threads do not give the same bits"
    return True, f"a small network learns, the same bits with 1 and {several} threads"
