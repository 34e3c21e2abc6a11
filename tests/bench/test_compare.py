"""The comparison of two versions: what it finds in noise, and that nothing that goes wrong looks like success."""

import doctest
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

import fastbp
from compare import __main__ as command
from compare import statistics, versions
from compare.cases import NETWORKS, Case, cases
from compare.decision import AS_FAST, SLOWER, UNDECIDED, Outcome, decide, fewest_rounds, verdict
from compare.errors import NotMeasuredError, UnknownRevisionError
from compare.pairs import Process
from compare.plants import PLANTS, Plant, PlantError
from compare.run import ROUNDS, THRESHOLD
from compare.statistics import Estimate, estimate
from compare.versions import Version
from contracts import children
from fastbp.runtime.cache import cache_root

CASES = cases(NETWORKS, [1])
BENCH = Path(__file__).parents[2] / "bench"


@pytest.mark.parametrize("name", ["statistics", "decision"])
def test_examples(name: str) -> None:
    outcome = doctest.testmod(
        importlib.import_module(f"compare.{name}"),
        optionflags=doctest.ELLIPSIS,
    )
    assert outcome.attempted > 0
    assert outcome.failed == 0


# Statistics


@pytest.mark.parametrize("n", [5, 12, 25])
@pytest.mark.parametrize("error", [0.05, 1e-3, 1e-5])
def test_signed_rank_bounds_are_wilcoxons(n: int, error: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    beyond = statistics._beyond(n, error)

    def likely(total: int) -> float:
        """The probability of at most this sum: of values whose signs make it, one by one."""
        ranks = np.arange(1.0, n + 1)
        signs, left = -np.ones(n), total
        for i in reversed(range(n)):
            if ranks[i] <= left:
                signs[i], left = 1, left - ranks[i]
        return float(stats.wilcoxon(signs * ranks, alternative="less", method="exact").pvalue)

    if beyond is None:
        assert likely(0) > error
    else:
        assert likely(beyond) <= error < likely(beyond + 1)


def test_an_interval_holds_the_truth_as_often_as_it_says(rng: np.random.Generator) -> None:
    n_runs, error = 2000, 0.05
    missed = 0
    for _ in range(n_runs):
        found = estimate(0.03 + 0.01 * rng.standard_t(2, 15), error)
        missed += not found.low <= np.exp(0.03) <= found.high
    assert missed < 2 * error * n_runs + 4 * (2 * error * n_runs) ** 0.5


def test_an_outlier_moves_little() -> None:
    quiet = [0.001 * each for each in range(-10, 11)]
    assert estimate([*quiet, 5.0], 1e-3).ratio == pytest.approx(1.0, abs=2e-3)


# Decisions, on times that are made up: noise a turn, noise a process, and now and then an interruption.


def made_up(
    rng: np.random.Generator, ratios: Sequence[float], noise: float
) -> Callable[[Sequence[Case], int], np.ndarray]:
    """What measures cases whose head takes so many times as long."""
    by_case = dict(zip(CASES, ratios, strict=True))

    def measure(left: Sequence[Case], number: int) -> np.ndarray:
        logs = noise * rng.standard_normal((len(left), 6, 2))
        logs += noise / 3 * rng.standard_normal((len(left), 1, 2))
        logs += np.where(rng.random(logs.shape) < 0.05, rng.exponential(1.0, logs.shape), 0.0)
        logs[:, :, 1] += np.log([by_case[case] for case in left])[:, None]
        return 1e-5 * np.exp(logs)

    return measure


def verdicts(measure: Callable[[Sequence[Case], int], np.ndarray]) -> list[str]:
    return [outcome.verdict for outcome in decide(CASES, measure, ROUNDS, THRESHOLD)]


def test_equal_versions_raise_no_alarm(rng: np.random.Generator) -> None:
    equal = [1.0] * len(CASES)
    for noise in [0.005, 0.015, 0.05] * 40:
        assert SLOWER not in verdicts(made_up(rng, equal, noise))


def test_equal_versions_are_told_equal(rng: np.random.Generator) -> None:
    for _ in range(20):
        assert set(verdicts(made_up(rng, [1.0] * len(CASES), 0.015))) == {AS_FAST}


@pytest.mark.parametrize("slower_by", [0.04, 0.05])
def test_a_slowdown_is_caught(rng: np.random.Generator, slower_by: float) -> None:
    ratios = [1.0] * len(CASES)
    ratios[3] += slower_by
    for _ in range(20):
        found = verdicts(made_up(rng, ratios, 0.015))
        assert found.pop(3) == SLOWER
        assert SLOWER not in found


def test_noise_decides_nothing(rng: np.random.Generator) -> None:
    assert UNDECIDED in verdicts(made_up(rng, [1.0] * len(CASES), 0.5))


def test_what_is_decided_is_not_measured_any_more(rng: np.random.Generator) -> None:
    measure = made_up(rng, [1.5, *[1.0] * (len(CASES) - 1)], 0.005)
    outcomes = decide(CASES, measure, ROUNDS, THRESHOLD)
    assert {len(outcome.log_ratios) for outcome in outcomes} == {16}


@pytest.mark.parametrize("n_cases", [1, 10])
@pytest.mark.parametrize("rounds", [16, 32, 100])
def test_too_few_rounds_are_known(n_cases: int, rounds: int) -> None:
    error = 0.01 / (2 * n_cases * -(-rounds // 4))
    fewest = fewest_rounds(n_cases, rounds)
    assert estimate([0.0] * fewest, error).high == 1.0
    assert estimate([0.0] * (fewest - 1), error).high == np.inf


@pytest.mark.parametrize(
    "ratio,low,high,expected",
    [
        (1.1, 1.05, 1.2, SLOWER),
        (1.1, 1.0, 1.2, UNDECIDED),
        (1.0, 0.9, 1.1, UNDECIDED),
        (0.5, 0.4, 0.6, AS_FAST),
        (1.0, 0.0, np.inf, UNDECIDED),
    ],
)
def test_verdicts(ratio: float, low: float, high: float, expected: str) -> None:
    assert verdict(Estimate(ratio, low, high), THRESHOLD) == expected


def test_the_worst_verdict_counts() -> None:
    def outcomes(*found: str) -> list[Outcome]:
        return [Outcome(CASES[0], verdict=each) for each in found]

    assert command.worst(outcomes(AS_FAST, UNDECIDED, SLOWER)) == SLOWER
    assert command.worst(outcomes(AS_FAST, UNDECIDED, AS_FAST)) == UNDECIDED
    assert command.worst(outcomes(AS_FAST, AS_FAST)) == AS_FAST


# Plants


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_plants_fit_the_sources(plant: Plant, tmp_path: Path) -> None:
    version = versions.of_working_tree(store=tmp_path)
    planted = versions.changed(version, "planted", plant, store=tmp_path)
    for file in (planted.folder / "fastbp" / "kernels").glob("*.py"):
        compile(file.read_text(), str(file), "exec")


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
@pytest.mark.parametrize("times", [0, 2])
def test_a_plant_that_does_not_fit_is_told(plant: Plant, times: int, tmp_path: Path) -> None:
    for edit in plant.edits:
        file = tmp_path / edit.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(times * edit.old)
    with pytest.raises(PlantError, match="no longer fits"):
        plant(tmp_path)


# Versions and processes, with a package that looks like fastbp from outside, and whose clock tells what it is to tell.

FAKE = """
import time
_now = 0.0
time.perf_counter = lambda: _now
def SGD(rate): return rate
def Adam(rate): return rate
def Input(n): return n
def Dense(n, activation): return n
class Sequential:
    def __init__(self, layers, seed, dtype): pass
    def compile(self, optimizer, loss): pass
    def fit(self, x, y, batch_size, epochs, verbose, threads):
        global _now
        _now += SECONDS
"""


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a version a tag."""
    root = tmp_path / "repository"
    package = root / "fastbp"
    package.mkdir(parents=True)
    git(tmp_path, "init", "--quiet", str(root))
    for tag, source in {
        "good": FAKE.replace("SECONDS", "1.0"),
        "slow": FAKE.replace("SECONDS", "1.1"),
        "broken": "import nothing_of_the_kind",
        "raising": FAKE.replace("_now += SECONDS", "raise ValueError('planted')"),
        "ending": FAKE.replace("_now += SECONDS", "import os; os._exit(0)"),
        "timeless": FAKE.replace("SECONDS", "0.0"),
        "elsewhere": FAKE.replace("SECONDS", "1.0") + "__file__ = '/elsewhere/fastbp.py'\n",
    }.items():
        (package / "__init__.py").write_text(source)
        git(root, "add", ".")
        git(root, "commit", "--quiet", "-m", tag)
        git(root, "tag", tag)
    git(root, "rm", "--quiet", "-r", "fastbp")
    git(root, "commit", "--quiet", "-m", "empty")
    git(root, "tag", "empty")
    package.mkdir()
    (package / "__init__.py").write_text(FAKE.replace("SECONDS", "1.0"))
    return root


def run(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``scripts/bench compare`` of that repository."""
    script = f"""
import sys
from pathlib import Path
from compare import versions
root = Path({str(repository)!r})
for function in (versions.of_revision, versions.of_working_tree):
    function.__defaults__ = (root, root / "store", "")
versions.forget_old.__defaults__ = (root / "store",)
from compare.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
    paths = [str(BENCH), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        timeout=children.LIMIT,
        check=False,
    )


SHORT = ["--networks", "2-8-2", "--rounds", "12"]


def test_versions_that_take_as_long(repository: Path, tmp_path: Path) -> None:
    finished = run(repository, "good", *SHORT, "--json", str(tmp_path / "figures.json"))
    assert finished.returncode == 0, finished.stderr
    assert "Nothing is slower" in finished.stdout
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["verdict"] == AS_FAST
    assert [case["estimate"]["ratio"] for case in figures["cases"]] == [1.0, 1.0]


def test_a_version_that_takes_longer(repository: Path) -> None:
    finished = run(repository, "good", "slow", *SHORT)
    assert finished.returncode == 1, finished.stderr
    assert "SLOWER" in finished.stdout
    assert "1.100" in finished.stdout


def test_a_version_beside_itself(repository: Path) -> None:
    finished = run(repository, "good", "good", *SHORT)
    assert finished.returncode == 0, finished.stderr
    assert len(list((repository / "store").glob("*/fastbp"))) == 2


@pytest.mark.parametrize(
    "base,reason",
    [
        ("broken", "nothing_of_the_kind"),
        ("raising", "planted"),
        ("ending", "ended with 0"),
        ("timeless", "a step took 0.0 s"),
        ("elsewhere", "was imported instead"),
        ("empty", "holds no package"),
    ],
)
def test_a_base_that_does_not_run(repository: Path, base: str, reason: str) -> None:
    finished = run(repository, base, *SHORT)
    assert finished.returncode == 4
    assert finished.stdout == ""
    assert len(finished.stderr.splitlines()) == 1
    assert reason in finished.stderr
    assert base in finished.stderr


@pytest.mark.parametrize(
    "arguments,reason",
    [
        ([], "BASE"),
        (["no-such-tag"], "git knows no revision 'no-such-tag'"),
        (["--all"], "required: BASE"),
        (["good", "--networks", "3-3"], "invalid choice"),
        (["good", "--rounds", "3"], "fewer than"),
        (["good", "--rounds", "-3"], "no whole number above 0"),
        (["good", "--threshold", "0"], "above 0"),
        (["good", "--threshold", "nan"], "above 0"),
        (["good", "--threads", "0"], "no whole number above 0"),
    ],
)
def test_wrong_use(repository: Path, arguments: list[str], reason: str) -> None:
    finished = run(repository, *arguments)
    assert finished.returncode == 2
    assert reason in finished.stderr
    assert finished.stdout == ""


def test_noise_is_not_success() -> None:
    assert command.EXIT_CODES == {AS_FAST: 0, SLOWER: 1, UNDECIDED: 3}


def test_kept_versions_are_whole_and_not_made_again(repository: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    first = versions.of_revision("good", repository, store)
    (first.folder / "mark").touch()
    assert (versions.of_revision("good", repository, store).folder / "mark").exists()
    with pytest.raises(NotMeasuredError):
        versions.of_revision("empty", repository, store)
    with pytest.raises(UnknownRevisionError):
        versions.of_revision("none", repository, store)
    assert list(store.iterdir()) == [first.folder]


def test_the_working_tree_is_what_lies_there(repository: Path, tmp_path: Path) -> None:
    first = versions.of_working_tree(repository, tmp_path / "store")
    (repository / "fastbp" / "more.py").write_text("more = 1\n")
    second = versions.of_working_tree(repository, tmp_path / "store")
    assert first.folder != second.folder
    assert (second.folder / "fastbp" / "more.py").exists()
    assert not (first.folder / "fastbp" / "more.py").exists()


def test_old_versions_are_forgotten(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / str(number)).mkdir()
        os.utime(tmp_path / str(number), (number, number))
    versions.forget_old(tmp_path)
    assert sorted(int(folder.name) for folder in tmp_path.iterdir()) == list(range(10, 30))


def test_the_package_itself_is_measured(tmp_path: Path) -> None:
    # No figure is looked at but that there is one. What is compiled already need not be compiled again.
    (tmp_path / "fastbp").symlink_to(Path(fastbp.__file__).parent)
    code = cache_root()
    if code is not None:
        code.mkdir(parents=True, exist_ok=True)
        (tmp_path / "code").symlink_to(code)
    here = Version("here", tmp_path)
    process = Process(here, [Case("2-8-2", "sgd", 1), Case("2-8-2", "adam", 2)])
    try:
        process.wait()
        assert process.train(0) > 0
        assert process.train(1) > 0
    finally:
        process.close()
