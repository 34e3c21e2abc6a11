"""Files are replaced whole or not at all, and what cannot be written is known before."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastbp.errors import ModelFileError
from fastbp.storage import replace
from fastbp.storage.replace import check_can_write, replace_file

OLD, NEW = b"old" * 1000, b"new" * 2000


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "saved"
    replace_file(path, OLD)
    return path


def check_is_old(path: Path) -> None:
    assert path.read_bytes() == OLD
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_file_is_replaced(saved: Path) -> None:
    replace_file(saved, NEW)
    assert saved.read_bytes() == NEW


def test_what_a_link_leads_to_is_replaced(saved: Path, tmp_path: Path) -> None:
    link = tmp_path / "latest"
    link.symlink_to(saved)
    replace_file(link, NEW)
    assert link.is_symlink()
    assert saved.read_bytes() == NEW


def test_others_may_read_it_as_any_file(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    assert stat.S_IMODE(saved.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


@pytest.mark.skipif(os.name == "nt", reason="Windows has one mode")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_the_new_file_has_the_mode_of_the_old_one(saved: Path, mode: int) -> None:
    saved.chmod(mode)
    replace_file(saved, NEW)
    assert saved.read_bytes() == NEW
    assert stat.S_IMODE(saved.stat().st_mode) == mode


@pytest.mark.skipif(os.name == "nt", reason="Windows brings names to the disk by itself")
@pytest.mark.parametrize("step", ["open", "fsync"])
def test_a_folder_that_cannot_be_synchronized(
    saved: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """As some network file systems: the file is there, and nobody is told that it is not."""
    original = getattr(os, step)

    def refuse(what: Any, *arguments: Any, **options: Any) -> Any:
        if os.path.isdir(what):
            raise OSError(22, "Invalid argument")
        return original(what, *arguments, **options)

    monkeypatch.setattr(replace.os, step, refuse)
    replace_file(saved, NEW)
    monkeypatch.undo()
    assert saved.read_bytes() == NEW


class TestFailedWrite:
    @pytest.mark.parametrize("step", ["fsync", "replace"])
    @pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
    def test_the_file_that_was_there_stays(
        self, saved: Path, monkeypatch: pytest.MonkeyPatch, step: str, fault: BaseException
    ) -> None:
        def fail(*_: object) -> None:
            raise fault

        monkeypatch.setattr(replace.os, step, fail)
        expected = ModelFileError if isinstance(fault, OSError) else KeyboardInterrupt
        with pytest.raises(expected):
            replace_file(saved, NEW)
        monkeypatch.undo()
        check_is_old(saved)

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of files")
    def test_a_disk_that_is_full_half_way_leaves_it_whole(self, saved: Path) -> None:
        # A limit on the size of files stands in for the disk: write() itself fails, as it would there.
        program = f"""
import resource, signal
from fastbp.errors import ModelFileError
from fastbp.storage.replace import replace_file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    replace_file({str(saved)!r}, {NEW!r})
except ModelFileError as error:
    print(error)
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert done.stdout.startswith(f"cannot write {saved}: File too large"), done.stderr
        check_is_old(saved)

    def test_the_content_is_on_the_disk_before_it_takes_the_name(
        self, saved: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls: list[str] = []
        fsync, rename = os.fsync, os.replace

        def watched_fsync(handle: int) -> None:
            calls.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
            fsync(handle)

        def watched_replace(source: Path, target: Path) -> None:
            assert Path(source).parent == Path(target).parent
            calls.append("replace")
            rename(source, target)

        monkeypatch.setattr(replace.os, "fsync", watched_fsync)
        monkeypatch.setattr(replace.os, "replace", watched_replace)
        replace_file(saved, NEW)
        assert calls == (["file", "replace"] if os.name == "nt" else ["file", "replace", "folder"])


class TestUnwritablePath:
    @pytest.mark.parametrize("write", [check_can_write, lambda path: replace_file(path, NEW)])
    def test_the_path_is_named(self, tmp_path: Path, write: Callable[[Path], None]) -> None:
        (tmp_path / "file").touch()
        for path, message in [
            (tmp_path, "it is a folder"),
            (tmp_path / "absent" / "m", "there is no folder"),
            (tmp_path / "file" / "m", "there is no folder"),
        ]:
            with pytest.raises(ModelFileError, match=f"cannot write {path}: {message}"):
                write(path)

    def test_a_folder_that_takes_no_files(self) -> None:
        if not Path("/proc/self").is_dir():
            pytest.skip("/proc is the folder that not even the superuser can write")
        with pytest.raises(ModelFileError, match="cannot write /proc/self/model: "):
            check_can_write("/proc/self/model")

    def test_a_read_only_file_is_not_replaced(
        self, saved: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Asked this way since the superuser may write every file.
        monkeypatch.setattr(replace.os, "access", lambda path, mode: mode != os.W_OK)
        with pytest.raises(ModelFileError, match="the file there is read-only"):
            replace_file(saved, NEW)
        check_is_old(saved)

    def test_a_path_that_can_be_written_is_left_as_it_is(self, saved: Path) -> None:
        check_can_write(saved)
        check_can_write(saved.parent / "another")
        check_is_old(saved)
