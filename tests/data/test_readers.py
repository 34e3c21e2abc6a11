"""What a person names on the command line: files of every kind, sound and not."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from fastbp.data.labels import Task
from fastbp.data.readers import read_arrays, read_data_set, read_frame, read_samples
from fastbp.data.sets import load_digits
from fastbp.errors import ArgumentError, DataError, MissingExtraError, UnknownNameError

pandas = pytest.importorskip("pandas")

HEADER = "weight,sound,kind"
ROWS = ["4.5,meow,cat", "30,woof,dog", "3.5,meow,cat", "25,woof,dog"] * 5
TEXT = "\n".join([HEADER, *ROWS]) + "\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "animals.csv"
    path.write_text(TEXT)
    return path


class TestTables:
    def test_a_csv_file_becomes_a_data_set(self, table: Path) -> None:
        animals = read_data_set(table, target="kind")
        assert animals.name == "animals.csv"
        assert animals.class_names == ("cat", "dog")
        assert animals.x_train.shape == (16, 3)
        assert animals.x_test is not None
        assert animals.y_test is not None
        assert animals.x_test.shape == (4, 3)
        assert np.bincount(animals.y_test).tolist() == [2, 2]
        # A dog says woof, and it weighs more.
        np.testing.assert_array_equal(animals.x_train[:, 2], animals.y_train)
        np.testing.assert_array_equal(animals.x_train[:, 0] > 10, animals.y_train)

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("semicolons.csv", TEXT.replace(",", ";").encode()),
            ("tabs.tsv", TEXT.replace(",", "\t").encode()),
            ("tabs.csv", TEXT.replace(",", "\t").encode()),
            ("blanks.csv", TEXT.replace(",", ", ").encode()),
            ("packed.csv.gz", gzip.compress(TEXT.encode(), mtime=0)),
            ("TABS.TSV", TEXT.replace(",", "\t").encode()),
            ("old.tsv.csv", TEXT.encode()),
            ("old.tsv.csv.gz", gzip.compress(TEXT.encode(), mtime=0)),
            ("PACKED.CSV.GZ", gzip.compress(TEXT.replace(",", ";").encode(), mtime=0)),
            ("Tabs.TSV.gz", gzip.compress(TEXT.replace(",", "\t").encode(), mtime=0)),
            ("old.parquet.csv", TEXT.encode()),
            ("mark.csv", TEXT.encode("utf-8-sig")),
            ("windows.csv", TEXT.replace("\n", "\r\n").encode()),
        ],
    )
    def test_every_form_of_text_reads_alike(
        self, tmp_path: Path, table: Path, name: str, content: bytes
    ) -> None:
        (tmp_path / name).write_bytes(content)
        pandas.testing.assert_frame_equal(read_frame(tmp_path / name), read_frame(table))

    @pytest.mark.parametrize("name", ["animals.parquet", "ANIMALS.PARQUET", "old.csv.Pq"])
    def test_parquet_reads_alike(self, tmp_path: Path, table: Path, name: str) -> None:
        pytest.importorskip("pyarrow")
        path = tmp_path / name
        read_frame(table).to_parquet(path)
        ours, theirs = (read_data_set(each, target="kind") for each in (path, table))
        np.testing.assert_array_equal(ours.x_train, theirs.x_train)
        assert ours.encoding == theirs.encoding

    def test_rows_to_predict_are_encoded_as_in_training(self, tmp_path: Path, table: Path) -> None:
        encoding = read_data_set(table, target="kind").encoding
        path = tmp_path / "new.csv"
        path.write_text("sound,weight\nwoof,20\n")
        x, y = read_samples(path, encoding=encoding)
        assert x.tolist() == [[20, 0, 1]]
        assert y is None
        x, y = read_samples(table, encoding=encoding)
        assert x.shape == (20, 3)
        assert y is not None
        assert y[:4].tolist() == [0, 1, 0, 1]

    def test_targets_that_nobody_wants_may_be_anything(self, tmp_path: Path, table: Path) -> None:
        encoding = read_data_set(table, target="kind").encoding
        path = tmp_path / "new.csv"
        path.write_text("sound,weight,kind\nwoof,20,wolf\nmeow,4,\n")
        x, y = read_samples(path, encoding=encoding, targets=False)
        assert x.shape == (2, 3)
        assert y is None
        with pytest.raises(DataError, match="column 'kind', row 2: the value is missing"):
            read_samples(path, encoding=encoding)
        assert read_samples("digits", targets=False)[1] is None

    def test_categories_that_look_like_numbers_stay_categories(self, tmp_path: Path) -> None:
        path = tmp_path / "sizes.csv"
        path.write_text("size,y\n1,0\nS,1\nM,0\nL,1\n")
        encoding = read_data_set(path, target="y").encoding
        path.write_text("size\n1\n1\n")
        x, _ = read_samples(path, encoding=encoding)
        assert encoding is not None
        assert encoding.feature_names[0] == "size=1"
        assert x.tolist() == [[1, 0, 0, 0]] * 2

    def test_a_missing_value_is_named(self, table: Path) -> None:
        table.write_text(TEXT + "4.5,,cat\n")
        with pytest.raises(DataError, match="column 'sound', row 21: the value is missing"):
            read_data_set(table, target="kind")

    def test_the_target_must_be_given(self, table: Path) -> None:
        with pytest.raises(ArgumentError, match="target: weight, sound, kind"):
            read_data_set(table)

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("empty.csv", b""),
            ("ragged.csv", b"a,b\n1,2\n1,2,3\n"),
            ("binary.csv", b"a,b\n\xff\xfe\x00,1\n"),
            ("packed.csv.gz", b"not gzip"),
            ("cut.csv.gz", gzip.compress(TEXT.encode(), mtime=0)[:-9]),
            ("some.parquet", b"PAR1 is not enough"),
        ],
    )
    def test_a_file_that_is_no_table_is_named(
        self, tmp_path: Path, name: str, content: bytes
    ) -> None:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=f"cannot read .*{name}") as caught:
            read_data_set(tmp_path / name, target="b")
        assert "\n" not in str(caught.value)

    def test_a_table_for_a_model_of_something_else(self, table: Path) -> None:
        with pytest.raises(DataError, match="not trained on one"):
            read_samples(table)

    def test_without_pandas_the_message_says_how_to_get_it(
        self, table: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(__import__("sys").modules, "pandas", None)
        with pytest.raises(MissingExtraError, match=r"needs pandas: pip install 'fastbp\[cli\]'"):
            read_data_set(table, target="kind")


class TestArrays:
    x = np.arange(24.0).reshape(12, 2)
    y = np.array(["yes", "no"] * 6)

    def test_samples_and_labels(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "a.npz", x=self.x, y=self.y)
        found = read_data_set(tmp_path / "a.npz")
        assert found.class_names == ("no", "yes")
        assert found.x_test is not None
        assert len(found.x_train) + len(found.x_test) == 12

    def test_a_test_part_of_its_own(self, tmp_path: Path) -> None:
        path = tmp_path / "a.npz"
        np.savez(path, x_train=self.x, y_train=self.y, x_test=self.x[:3], y_test=self.y[:3])
        found = read_data_set(path)
        np.testing.assert_array_equal(found.x_train, self.x)
        np.testing.assert_array_equal(found.x_test, self.x[:3])
        assert found.y_test is not None
        assert found.y_test.tolist() == [1, 0, 1]
        x, y = read_samples(path, class_names=found.class_names)
        np.testing.assert_array_equal(x, self.x[:3])
        assert y is not None
        assert y.tolist() == [1, 0, 1]

    def test_numbers_as_targets_stay_numbers(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "a.npz", x=self.x, y=self.x * 0.5)
        found = read_data_set(tmp_path / "a.npz")
        assert found.class_names is None
        assert found.y_train.shape[1] == 2

    @pytest.mark.parametrize(
        ("task", "classes"), [("auto", ("0", "1")), ("classes", ("0", "1")), ("numbers", None)]
    )
    def test_what_the_targets_hold_can_be_said(
        self, tmp_path: Path, task: Task, classes: tuple[str, ...] | None
    ) -> None:
        np.savez(tmp_path / "a.npz", x=self.x, y=[0, 1] * 6)
        assert read_data_set(tmp_path / "a.npz", task=task).class_names == classes

    def test_text_is_not_a_number_to_predict(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "a.npz", x=self.x, y=self.y)
        with pytest.raises(DataError, match="are text, not numbers"):
            read_data_set(tmp_path / "a.npz", task="numbers")

    def test_images_are_rows_that_know_their_shape(self, tmp_path: Path) -> None:
        images = np.zeros((12, 5, 4, 3), np.uint8)
        np.savez(tmp_path / "a.npz", x=images, y=self.y)
        found = read_data_set(tmp_path / "a.npz")
        assert found.x_train.shape[1] == 60
        assert found.image_shape == (5, 4, 3)
        assert read_samples(tmp_path / "a.npz")[0].shape == (12, 60)

    def test_samples_alone_can_be_predicted(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "a.npz", x=self.x)
        x, y = read_samples(tmp_path / "a.npz")
        np.testing.assert_array_equal(x, self.x)
        assert y is None
        with pytest.raises(DataError, match="has no targets"):
            read_data_set(tmp_path / "a.npz")

    def test_too_few_samples_leave_no_test_part(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "xor.npz", x=np.eye(4), y=[0, 1, 1, 0])
        found = read_data_set(tmp_path / "xor.npz")
        assert len(found.x_train) == 4
        assert found.x_test is None
        assert found.y_test is None

    @pytest.mark.parametrize(
        ("arrays", "message"),
        [
            ({"features": x, "y": y}, "has the arrays features, y, but not x"),
            ({"x": x, "y": y[:5]}, "12 samples but 5 targets"),
            ({"x": x[:0], "y": y[:0]}, "has no samples"),
            ({"x": np.array([None]), "y": y}, "Python objects"),
        ],
    )
    def test_arrays_that_do_not_fit_are_named(
        self, tmp_path: Path, arrays: dict[str, np.ndarray], message: str
    ) -> None:
        np.savez(tmp_path / "a.npz", **arrays)
        with pytest.raises(DataError, match=message):
            read_data_set(tmp_path / "a.npz")

    def test_any_cut_is_noticed(self, tmp_path: Path) -> None:
        path = tmp_path / "a.npz"
        np.savez_compressed(path, x=self.x, y=self.y)
        content = path.read_bytes()
        for length in range(0, len(content), 5):
            path.write_bytes(content[:length])
            with pytest.raises(DataError, match="cannot read"):
                read_arrays(path)

    def test_any_changed_byte_is_noticed_or_harmless(self, tmp_path: Path) -> None:
        path = tmp_path / "a.npz"
        np.savez_compressed(path, x=self.x)
        content = bytearray(path.read_bytes())
        for at in range(0, len(content), 3):
            changed = content.copy()
            changed[at] ^= 0x55
            path.write_bytes(changed)
            try:
                found = read_arrays(path)["train"][0]
            except DataError:
                continue
            np.testing.assert_array_equal(found, self.x)

    def test_a_single_array_is_refused(self, tmp_path: Path) -> None:
        with (tmp_path / "a.npz").open("wb") as file:
            np.save(file, self.x)
        with pytest.raises(DataError, match="single array"):
            read_arrays(tmp_path / "a.npz")


class TestNames:
    def test_a_set_by_its_name(self) -> None:
        assert read_data_set("digits").name == "digits"
        x, y = read_samples("digits")
        np.testing.assert_array_equal(x, load_digits().x_test)
        assert y is not None

    def test_a_file_of_the_same_name_comes_first(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "digits").mkdir()
        with pytest.raises(DataError, match="has no IDX images"):
            read_data_set("digits")

    def test_a_folder_of_idx_files(self, tmp_path: Path) -> None:
        images, labels = np.zeros((6, 2, 2), np.uint8), np.array([0, 1] * 3, np.uint8)
        for part in ("train", "t10k"):
            head = b"\0\0\x08\3" + np.array([6, 2, 2], ">u4").tobytes()
            (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(head + images.tobytes())
            head = b"\0\0\x08\1" + np.array([6], ">u4").tobytes()
            (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(head + labels.tobytes())
        found = read_data_set(tmp_path)
        assert found.class_names == ("0", "1")
        assert found.image_shape == (2, 2)
        assert found.x_test is not None
        assert len(found.x_test) == 6
        assert read_samples(tmp_path)[0].shape == (6, 4)

    @pytest.mark.parametrize(
        ("name", "error", "message"),
        [
            ("digit", UnknownNameError, "did you mean 'digits'"),
            ("absent.csv", ArgumentError, r"no file or folder absent\.csv"),
            ("some/absent", ArgumentError, "no file or folder some/absent"),
        ],
    )
    def test_what_is_not_there_is_named(
        self, name: str, error: type[Exception], message: str
    ) -> None:
        for read in (read_data_set, read_samples):
            with pytest.raises(error, match=message):
                read(name)  # type: ignore[operator]

    def test_a_file_of_another_kind_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "notes.docx").write_text("")
        with pytest.raises(ArgumentError, match=r"of no kind that can be read: \.csv"):
            read_data_set(tmp_path / "notes.docx")

    def test_options_for_tables_do_not_fit_anything_else(self) -> None:
        with pytest.raises(ArgumentError, match="are for tables"):
            read_data_set("digits", target="kind")
