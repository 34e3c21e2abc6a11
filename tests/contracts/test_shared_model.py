"""One model in several threads: whole steps are seen, right answers come, and who may not go on is told so.

Every case runs in a process of its own under a limit of time: without the lock, processes end here.
"""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastbp
from contracts import children

pytestmark = pytest.mark.alone

PREFACE = """
import json, os, threading, time
import numpy as np
import fastbp
from contracts.problems import digest
from contracts.test_shared_model import data, made, together
x, y = data()
"""
FORKS = {"PYTHONWARNINGS": "ignore::DeprecationWarning"}


def data() -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).normal(size=(600, 24)).astype(np.float32)
    return x, x[:, :2] - x[:, 2:4]


def made(seed: int = 1) -> fastbp.Sequential:
    layers = [fastbp.Dense(64, "tanh"), fastbp.Dense(48, "tanh"), fastbp.Dense(2)]
    model = fastbp.Sequential([fastbp.Input(24), *layers], seed=seed)
    model.compile(fastbp.SGD(0.01, momentum=0.9), "mse")
    return model


def together(*works: Any) -> None:
    """Each in a thread; the first that raises is told."""
    import threading

    errors = []

    def run(work: Any) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if errors:
        raise errors[0]


def run(script: str, **variables: str) -> Any:
    return children.run(PREFACE, script, NUMBA_NUM_THREADS="2", **variables)


@pytest.mark.parametrize("threads", ["1", '"auto"'])
def test_predictions_of_two_threads(threads: str) -> None:
    """Of growing sizes, so that the memory moves meanwhile."""
    wrong = run(f"""
    model, twin, wrong = made(), made(), []
    sizes = [1, 7, 40, 130, 400]
    right = {{(sign, n): twin.predict(sign * x[:n]) for sign in (1, -1) for n in sizes}}
    def ask(sign):
        for n in sizes * 30:
            if not np.array_equal(model.predict(sign * x[:n], threads={threads}), right[sign, n]):
                wrong.append(n)
    together(lambda: ask(1), lambda: ask(-1))
    print(json.dumps(wrong))
    """)
    assert wrong == []


def test_who_looks_during_fit_sees_whole_steps() -> None:
    """And changes nothing: the bits are those of a fit that nobody watched."""
    seen, strange, same = run("""
    class Steps(fastbp.Callback):
        def __init__(self): self.found = set()
        def on_train_batch_end(self, batch, logs=None): self.found.add(digest(self.model.get_weights()))
        def on_epoch_begin(self, epoch, logs=None):
            # Who looks may have had no processor until now.
            if epoch == 19: looked.wait()
    model, alone, steps, running, seen = made(), made(), Steps(), [True], []
    looked = threading.Event()
    before = digest(model.get_weights())
    def fit(model, **options): model.fit(x, y, batch_size=32, epochs=20, verbose=0, **options)
    def train():
        try:
            fit(model, callbacks=steps)
        finally:
            running[0] = False
    def look():
        n = 1
        try:
            while running[0]:
                model.predict(x[:n])
                model.evaluate(x, y, verbose=0)
                model.loss_and_gradients(x[:n], y[:n])
                seen.append(digest(model.get_weights()))
                n = n % 50 + 7
                if len(seen) > 3: looked.set()
        finally:
            looked.set()
    together(train, look)
    fit(alone)
    strange = set(seen) - steps.found - {before}
    same = digest(model.get_weights()) == digest(alone.get_weights())
    print(json.dumps([len(seen), len(strange), same]))
    """)
    assert seen > 3
    assert strange == 0
    assert same


def test_another_thread_cannot_train_or_compile_during_fit() -> None:
    """It is told so, whatever moment it comes at; what it may do it can."""
    found = run("""
    class Others(fastbp.Callback):
        def __init__(self): self.found = []
        def _try(self, action):
            try:
                action()
            except fastbp.ArgumentError as error:
                self.found.append(str(error)[:37])
            else:
                self.found.append("done")
        def _tell(self):
            model = self.model
            for action in (
                lambda: model.fit(x, y, verbose=0),
                lambda: model.train_on_batch(x, y),
                lambda: model.compile("sgd", "mse"),
                lambda: model.set_weights(model.get_weights()),
                lambda: model.predict(x),
            ):
                together(lambda: self._try(action))
        def on_epoch_end(self, epoch, logs=None): self._tell()
        def on_chunk_end(self, *_): self._tell()
    model, others = made(), Others()
    model.fit(x, y, epochs=1, batch_size=600, verbose=0, callbacks=others)
    together(lambda: model.fit(x, y, verbose=0))
    print(json.dumps(others.found))
    """)
    assert found == 2 * (3 * ["another thread is training this model"] + 2 * ["done"])


def test_updates_of_two_threads_come_one_after_the_other() -> None:
    assert (
        run("""
    model = made()
    def train():
        for n in range(60): model.train_on_batch(x[:n % 20 + 1], y[:n % 20 + 1])
    together(train, train, train)
    steps = model.learner.network().steps
    print(json.dumps(steps if all(np.isfinite(each).all() for each in model.get_weights()) else -1))
    """)
        == 180
    )


def test_a_profile_does_not_disturb_training() -> None:
    """In a callback, or in another thread."""
    same = run("""
    class Looks(fastbp.Callback):
        def on_chunk_end(self, epoch, step, n_steps, logs=None):
            look = lambda: self.model.profile(x[:100], y[:100], batch_size=32, seconds=0.01)
            if epoch == 0: look()
            elif epoch == 1: together(look)
    found = []
    for callbacks in ([], [Looks()]):
        model = made()
        history = model.fit(x, y, batch_size=32, epochs=3, verbose=0, callbacks=callbacks).history
        found.append([digest(model.get_weights()), history["loss"]])
    print(json.dumps(found[0] == found[1]))
    """)
    assert same


def test_a_child_forked_while_another_thread_works() -> None:
    """It inherits neither the lock nor the training of a thread that it does not have."""
    answers = run(
        """
    model, running = made(), [True]
    model.predict(x)
    class Stop(fastbp.Callback):
        def on_chunk_end(self, *_): self.model.stop_training = not running[0]
    def train():
        model.fit(x, y, epochs=10**9, verbose=0, callbacks=Stop())
    thread = threading.Thread(target=train)
    thread.start()
    answers = []
    for _ in range(5):
        time.sleep(0.05)
        process = os.fork()
        if process == 0:
            outputs = model.predict(x)
            model.fit(x, y, verbose=0)
            model.compile("sgd", "mse")
            os._exit(0 if outputs.shape == (600, 2) else 1)
        answers.append(os.waitpid(process, 0)[1])
    running[0] = False
    thread.join()
    print(json.dumps(answers), flush=True)
    # Numba's TBB layer has told of each fork, which the C library would print behind the answer.
    os._exit(0)
    """,
        **FORKS,
    )
    assert answers == [0] * 5


def test_two_threads_are_the_first_to_ask() -> None:
    """Both get the one network, however long it takes to make it."""
    same = run("""
    from fastbp.training.learner import Learner
    make = Learner._made_network
    def slow(self, *arguments):
        time.sleep(0.2)
        return make(self, *arguments)
    Learner._made_network = slow
    model, found = made(), []
    ask = lambda: found.append(model.learner.network())
    together(ask, ask)
    print(json.dumps(found[0] is found[1]))
    """)
    assert same


@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))],
    ids=["copy", "pickle"],
)
def test_a_copy_has_memory_of_its_own(copied: Callable[[Any], Any]) -> None:
    """With the weights and what the optimizer has gathered; it trains as the model does, which does not notice."""
    x, y = data()
    model = made()
    model.fit(x, y, verbose=0)
    before = model.get_weights()
    twin = copied(model)
    twin.fit(x, y, verbose=0)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    model.fit(x, y, verbose=0)
    for own, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(own, other)
