"""The command as a process: start, help, missing extras, interrupts, pipes."""

import os
import signal
import subprocess
import sys
import time

import pytest

import fastbp
from contracts import children

COMMANDS = ("train", "predict", "inspect", "profile", "doctor", "warmup")


def run(*arguments, code=None, **options):
    """Run `python -m fastbp`, or other code, as a process of its own."""
    start = ["-c", code] if code is not None else ["-m", "fastbp"]
    return subprocess.run(
        [sys.executable, *start, *arguments],
        capture_output=True,
        text=True,
        timeout=children.LIMIT,
        check=False,
        **options,
    )


def test_version():
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"fastbp {fastbp.__version__}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_the_options_and_gives_examples(command):
    done = run(command, "--help")
    assert done.returncode == 0
    assert "--debug" in done.stdout
    assert f"fastbp {command}" in done.stdout


def test_help_lists_the_commands():
    listing = run("--help").stdout
    assert all(f" {command} " in listing for command in COMMANDS)


def test_importing_the_package_imports_none_of_the_extras():
    done = run(
        code="import fastbp, sys; print([m for m in "
        "('typer', 'rich', 'pandas', 'pyarrow', 'matplotlib') if m in sys.modules])"
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("package", ["typer", "rich"])
def test_without_its_extra_the_command_says_how_to_get_it(package):
    done = run(
        code=f"import sys; sys.modules[{package!r}] = None; from fastbp.cli import main; main()"
    )
    assert done.returncode == 1
    assert done.stderr == f"fastbp: the command line needs {package}: pip install 'fastbp[cli]'\n"


@pytest.mark.parametrize(("package", "data"), [("matplotlib", "digits"), ("pandas", "table.csv")])
def test_an_extra_that_is_missing_is_named_before_training(package, data, tmp_path):
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    target = ["--target", "b"] if data != "digits" else []
    done = run(
        *("train", data, *target),
        code=f"import sys; sys.modules[{package!r}] = None; from fastbp.cli import main; main()",
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert "pip install 'fastbp[cli]'" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "epoch" not in done.stdout


def test_control_c_ends_with_130_and_leaves_the_old_file(tmp_path):
    (tmp_path / "digits.safetensors").write_text("precious")
    command = [sys.executable, "-m", "fastbp", "train", "digits", "--epochs", "1000000"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("      1 "):
            break
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=children.LIMIT)
    assert process.returncode == 130
    assert errors == "fastbp: interrupted\n"
    assert [each.name for each in tmp_path.iterdir()] == ["digits.safetensors"]
    assert (tmp_path / "digits.safetensors").read_text() == "precious"


def test_a_closed_pipe_is_no_error_to_show(tmp_path):
    run("train", "digits", "--epochs", "1", "--no-plot", cwd=tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "fastbp", "predict", "digits.safetensors", "digits"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=children.LIMIT) == 1
