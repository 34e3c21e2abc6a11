"""Two processes compile at once what a program is the first to need: each takes the next of what is missing.

Numba compiles on one processor, since Python runs most of it. The helper puts its code on the disk, where this process
finds it. Where there can be no helper, or it fails, nothing but time is lost.
"""

import json
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from fastbp.engine import executor
from fastbp.kernels.names import is_own
from fastbp.kernels.registry import KernelName, is_loaded, kernel_address
from fastbp.runtime.cache import can_keep, compiled_here, kept_labels

#: Fewer missing kernels are compiled before a helper has started.
_WORTH_A_HELPER = 6
#: Seconds that the helper has for what it is at when nothing else is missing; no kernel takes as long.
_PATIENCE = 10.0
#: What takes longest is begun first.
_LONG = (
    "weight_gradient",
    "executor",
    "first_weight_gradient",
    "narrow_weight_gradient",
    "first_forward",
    "forward",
    "input_gradient",
    "softmax_crossentropy",
)
_HELPER = (
    "import sys; sys.path.insert(0, sys.argv[1]); from fastbp.engine.ahead import serve; serve()"
)
_EXECUTORS = {
    "executor-together": executor.together,
    "executor-alone": executor.alone,
}


def compile_missing(kernels: Sequence[KernelName], workers: int) -> None:
    """Compile or load kernels, with a helper if many are missing and `workers` allows for more than one processor."""
    if workers < 2 or all(is_loaded(kernel) for kernel in kernels):
        return
    kept = kept_labels()
    missing: list[KernelName] = [
        k
        for k in kernels
        # The helper has no functions of the user's own.
        if not is_loaded(k) and k.label not in kept and not any(map(is_own, k.options))
    ]
    missing += [KernelName(name, "") for name in _EXECUTORS if name not in kept]
    if len(missing) < _WORTH_A_HELPER or not _is_python(sys.executable) or not can_keep():
        return
    missing.sort(key=lambda k: next((i for i, n in enumerate(_LONG) if k.name.startswith(n)), 99))
    queue = deque(missing)
    handed: list[KernelName] = []
    with subprocess.Popen(
        # -P: no file of the current folder stands in for a module.
        [sys.executable, "-P", "-c", _HELPER, str(Path(__file__).parents[2])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as helper:
        messenger = threading.Thread(target=_feed, args=(helper, queue, handed), daemon=True)
        messenger.start()
        try:
            while queue:
                # The helper takes from the same end: an item may be gone by now.
                try:
                    kernel = queue.popleft()
                except IndexError:
                    break
                _compile(kernel)
            if handed:
                messenger.join(_PATIENCE)
        finally:
            # All that it has confirmed is on the disk. It may have been stopped, and would never end by itself.
            helper.kill()
            messenger.join(_PATIENCE)


def _is_python(executable: str | None) -> bool:
    """Whether it can be asked to run code: where Python is embedded, it is another program."""
    return bool(executable) and Path(str(executable)).name.startswith("python")


def _compile(kernel: KernelName) -> None:
    if kernel.name in _EXECUTORS:
        _EXECUTORS[kernel.name]()
    else:
        kernel_address(kernel.name, kernel.dtype, *kernel.options)


def _feed(
    helper: "subprocess.Popen[str]", queue: deque[KernelName], handed: list[KernelName]
) -> None:
    """Hand the helper one thing after the other; what it does not confirm is left to whoever needs it."""
    assert helper.stdin is not None
    assert helper.stdout is not None
    try:
        # Its first word says that it is there, each other one that something is done.
        done = None
        while helper.stdout.readline():
            if done is not None:
                compiled_here.append(done)
            if not queue:
                break
            kernel = queue.popleft()
            handed.append(kernel)
            helper.stdin.write(json.dumps(kernel) + "\n")
            helper.stdin.flush()
            done = kernel.label
        helper.stdin.close()
    except (OSError, IndexError):
        pass


def serve() -> None:
    """What a helper does: compile what it is told, until nobody tells it any more."""
    _say("ready")
    for line in sys.stdin:
        name, dtype, options = json.loads(line)
        _compile(KernelName(name, dtype, tuple(options)))
        _say("done")


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()
