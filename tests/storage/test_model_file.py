"""Model files: whole or not at all, and never anything but data."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from fastbp.errors import ModelFileError
from fastbp.storage.model_file import load_model_file, read_format_version, save_model_file

ARCHITECTURE = {"layers": [{"kind": "dense", "units": 3, "rate": 0.1}], "dtype": "float32"}
METADATA = {"classes": ["Käse", "naïve", "\u2603"], "nothing": None}
ARRAYS = {
    "kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "bias": np.array([1e-300, -0.0, np.inf]),
    "steps": np.array(7, dtype=np.int64),
}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_model_file(path, ARCHITECTURE, ARRAYS, metadata=METADATA)
    return path


def check_is_whole(path: Path) -> None:
    architecture, arrays, metadata = load_model_file(path)
    assert architecture == ARCHITECTURE
    assert metadata == METADATA
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert arrays[name].shape == array.shape
        assert arrays[name].tobytes() == array.tobytes()


def header_of(path: Path) -> dict[str, str]:
    with safetensors.safe_open(path, framework="numpy") as file:
        return dict(file.metadata())


class TestRoundTrip:
    def test_everything_comes_back_bit_for_bit(self, saved: Path) -> None:
        check_is_whole(saved)

    def test_the_arrays_are_the_callers_own(self, saved: Path) -> None:
        array = load_model_file(saved).arrays["kernel"]
        array[:] = 5
        assert array.flags.owndata
        check_is_whole(saved)

    @pytest.mark.parametrize(
        "array",
        [
            np.arange(12.0).reshape(3, 4).T,
            np.arange(12.0)[::-2],
            np.asfortranarray(np.arange(12.0).reshape(3, 4)),
            np.broadcast_to(np.float32(2), (2, 2)),
            np.zeros((0, 3)),
            np.arange(3, dtype=">f8"),
            np.array([True, False]),
        ],
        ids=["transposed", "backwards", "fortran", "broadcast", "empty", "big-endian", "bool"],
    )
    def test_arrays_of_every_layout(self, tmp_path: Path, array: np.ndarray) -> None:
        save_model_file(tmp_path / "m", {}, {"a": array})
        np.testing.assert_array_equal(load_model_file(tmp_path / "m").arrays["a"], array)

    def test_a_model_without_arrays(self, tmp_path: Path) -> None:
        save_model_file(tmp_path / "m", ARCHITECTURE, {})
        assert load_model_file(tmp_path / "m") == (ARCHITECTURE, {}, {})

    def test_other_programs_can_read_it(self, saved: Path) -> None:
        arrays = safetensors.numpy.load_file(saved)
        np.testing.assert_array_equal(arrays["kernel"], ARRAYS["kernel"])
        header = header_of(saved)
        assert header["format"] == "fastbp"
        assert header["format_version"] == "1"
        assert json.loads(header["architecture"]) == ARCHITECTURE
        assert read_format_version(saved) == 1

    def test_a_path_may_be_a_string_of_the_folder_one_is_in(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        save_model_file("m", {}, {})
        assert load_model_file("m").arrays == {}

    def test_what_does_not_go_into_json_touches_nothing(self, saved: Path) -> None:
        with pytest.raises(TypeError):
            save_model_file(saved, {"layer": object()}, ARRAYS)
        check_is_whole(saved)


class TestDamage:
    def test_any_cut_is_noticed(self, saved: Path) -> None:
        content = saved.read_bytes()
        for length in range(len(content)):
            saved.write_bytes(content[:length])
            with pytest.raises(ModelFileError, match=r"model\.safetensors"):
                load_model_file(saved)

    def test_any_changed_byte_is_noticed(self, saved: Path) -> None:
        content = bytearray(saved.read_bytes())
        for at in range(len(content)):
            changed = content.copy()
            changed[at] ^= 1
            saved.write_bytes(changed)
            try:
                arrays = load_model_file(saved).arrays
            except ModelFileError:
                continue
            # All that may change unnoticed is a letter or a digit of the description.
            assert at < 8 + int.from_bytes(content[:8], "little")
            for name, array in ARRAYS.items():
                assert arrays[name].tobytes() == array.tobytes()

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "damaged or not a model file"),
            (b"weights", "damaged or not a model file"),
            (b"\xff" * 100, "damaged or not a model file"),
            (pickle.dumps(ARCHITECTURE), "damaged or not a model file"),
            (safetensors.numpy.save(ARRAYS), "not a model of fastbp"),
            (safetensors.numpy.save(ARRAYS, {"format": "pt"}), "not a model of fastbp"),
        ],
    )
    def test_a_foreign_file_is_named(self, tmp_path: Path, content: bytes, message: str) -> None:
        (tmp_path / "m").write_bytes(content)
        with pytest.raises(ModelFileError, match=f"m .*{message}"):
            load_model_file(tmp_path / "m")

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"format_version": "2"}, r"newer fastbp: its format is 2, .* up to 1; upgrade"),
            ({"format_version": "one"}, "format version is 'one'"),
            ({"architecture": "{"}, "header cannot be read"),
            ({"architecture": "[]"}, "header is not what it should be"),
            ({"metadata": "7"}, "header is not what it should be"),
            ({"checksums": "{}"}, "arrays are not those"),
        ],
    )
    def test_a_header_that_does_not_fit_is_named(
        self, saved: Path, changes: dict[str, str], message: str
    ) -> None:
        header = header_of(saved) | changes
        saved.write_bytes(safetensors.numpy.save(safetensors.numpy.load_file(saved), header))
        with pytest.raises(ModelFileError, match=message):
            load_model_file(saved)

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ModelFileError, match=r"there is no file .*absent"):
            load_model_file(tmp_path / "absent")

    def test_a_folder_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ModelFileError, match=str(tmp_path)):
            load_model_file(tmp_path)
