"""The named data sets: what is in them, where they are looked for, and the download."""

import gzip
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from fastbp.data import download, sets
from fastbp.errors import DataError, UnknownNameError

CONTENT = {
    "train-images-idx3-ubyte": b"\0\0\x08\3" + np.array([60_000, 28, 28], ">u4").tobytes(),
    "train-labels-idx1-ubyte": b"\0\0\x08\1" + np.array([60_000], ">u4").tobytes(),
    "t10k-images-idx3-ubyte": b"\0\0\x08\3" + np.array([10_000, 28, 28], ">u4").tobytes(),
    "t10k-labels-idx1-ubyte": b"\0\0\x08\1" + np.array([10_000], ">u4").tobytes(),
}
LENGTHS = dict(zip(CONTENT, (60_000 * 784, 60_000, 10_000 * 784, 10_000), strict=True))


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """Files of the form of fashion-mnist, black all over."""
    return {name: head + bytes(LENGTHS[name]) for name, head in CONTENT.items()}


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without fashion-mnist; returns where a download is to go."""
    monkeypatch.setattr(sets, "DEBIAN_FOLDER", tmp_path / "debian")
    monkeypatch.setenv("FASTBP_CACHE_DIR", str(tmp_path / "cache"))
    folder = sets.data_folder()
    assert folder is not None
    return folder / "fashion-mnist"


@pytest.fixture
def server(files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """A server on this machine in the download's place; the dictionary is what it serves."""
    served = {f"/{name}.gz": gzip.compress(content, 1) for name, content in files.items()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = served.get(self.path)
            self.send_response(404 if body is None else 200)
            if body is not None:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    checksums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    monkeypatch.setattr(sets, "FASHION_FILES", checksums)
    with HTTPServer(("127.0.0.1", 0), Handler) as running:
        monkeypatch.setattr(sets, "FASHION_ADDRESS", f"http://127.0.0.1:{running.server_port}/")
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield served
        running.shutdown()
        thread.join()


class TestDigits:
    def test_its_pixels_are_those_of_the_source(self) -> None:
        digits = sets.load_digits()
        pixels = np.concatenate([digits.x_train, digits.x_test])
        labels = np.concatenate([digits.y_train, digits.y_test])
        assert pixels.shape == (1797, 64)
        assert pixels.dtype == np.uint8
        rows = np.column_stack([pixels, labels]).astype(np.uint8)
        in_order = rows[np.lexsort(rows.T)]
        assert (
            hashlib.sha256(in_order.tobytes()).hexdigest()
            == "922f8bcf7625699058bfcdca9f67ada239072ee6998c6c7618869bf9ed8adc35"
        )

    def test_both_parts_have_every_digit_in_proportion(self) -> None:
        digits = sets.load_digits()
        assert digits.class_names == tuple("0123456789")
        in_train, in_test = np.bincount(digits.y_train), np.bincount(digits.y_test)
        assert len(in_train) == len(in_test) == 10
        np.testing.assert_allclose(in_test / (in_train + in_test), 0.2, atol=0.005)

    def test_what_one_caller_writes_the_next_does_not_see(self) -> None:
        sets.load_digits().x_train[:] = 0
        assert sets.load_digits().x_train.max() == 16

    def test_the_licence_lies_beside_it(self) -> None:
        text = (Path(sets.__file__).parent / "bundled" / "LICENSE-digits.txt").read_text()
        assert "CC BY 4.0" in text


class TestFashion:
    def test_a_folder_given(self, tmp_path: Path, files: dict[str, bytes], nowhere: Path) -> None:
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        fashion = sets.load_fashion_mnist(tmp_path)
        assert fashion.x_train.shape == (60_000, 784)
        assert fashion.x_test is not None
        assert fashion.x_test.shape == (10_000, 784)
        assert fashion.image_shape == (28, 28)
        assert fashion.class_names is not None
        assert fashion.class_names[9] == "Ankle boot"

    def test_a_folder_given_that_lacks_it(self, tmp_path: Path) -> None:
        with pytest.raises(
            DataError, match="does not hold the files of fashion-mnist: train-images"
        ):
            sets.load_fashion_mnist(tmp_path)

    def test_a_folder_with_another_set(self, tmp_path: Path, files: dict[str, bytes]) -> None:
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        images = np.zeros((3, 28, 28), np.uint8)
        head = b"\0\0\x08\3" + np.array(images.shape, ">u4").tobytes()
        (tmp_path / "train-images-idx3-ubyte").write_bytes(head + images.tobytes())
        with pytest.raises(DataError, match="does not hold fashion-mnist"):
            sets.load_fashion_mnist(tmp_path)

    def test_the_place_of_debians_package(
        self, tmp_path: Path, files: dict[str, bytes], nowhere: Path
    ) -> None:
        (tmp_path / "debian").mkdir()
        for name, content in files.items():
            (tmp_path / "debian" / f"{name}.gz").write_bytes(gzip.compress(content, 1))
        assert sets.load_data_set("fashion-mnist").name == "fashion-mnist"
        assert not nowhere.exists()

    def test_a_download_is_kept(self, nowhere: Path, server: dict[str, bytes]) -> None:
        seen: list[tuple[str, int, int]] = []
        sets.load_fashion_mnist(progress=lambda *told: seen.append(told))
        total = len(server["/train-images-idx3-ubyte.gz"])
        assert ("train-images-idx3-ubyte", total, total) in seen
        assert sorted(path.name for path in nowhere.iterdir()) == sorted(CONTENT)
        server.clear()
        assert sets.load_fashion_mnist().x_train.shape == (60_000, 784)

    def test_without_a_cache_nothing_is_downloaded(
        self, nowhere: Path, server: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FASTBP_CACHE_DIR", "off")
        with pytest.raises(DataError, match="without a cache folder"):
            sets.load_fashion_mnist()

    @pytest.mark.parametrize("fault", ["another content", "cut short", "not compressed"])
    def test_a_wrong_file_is_refused_and_nothing_of_it_kept(
        self, nowhere: Path, server: dict[str, bytes], files: dict[str, bytes], fault: str
    ) -> None:
        name = "t10k-labels-idx1-ubyte"
        server[f"/{name}.gz"] = {
            "another content": gzip.compress(files[name][:-1] + b"\1"),
            "cut short": server[f"/{name}.gz"][:-20],
            "not compressed": b"<html>please log in</html>",
        }[fault]
        with pytest.raises(DataError, match=f"{name}.gz is not what it should be"):
            sets.load_fashion_mnist(progress=lambda *_: None)
        assert name not in [path.name for path in nowhere.iterdir()]
        assert len(list(nowhere.iterdir())) == 3

    def test_without_the_file_the_message_says_what_to_do(
        self, nowhere: Path, server: dict[str, bytes]
    ) -> None:
        server.clear()
        with pytest.raises(
            DataError, match=r"could not be downloaded .*404.*dataset-fashion-mnist"
        ):
            sets.load_fashion_mnist()
        assert list(nowhere.iterdir()) == []

    def test_without_a_network_the_message_says_what_to_do(
        self, nowhere: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
            port = closed.server_port
        monkeypatch.setattr(sets, "FASHION_ADDRESS", f"http://127.0.0.1:{port}/")
        with pytest.raises(DataError, match="could not be downloaded") as caught:
            sets.load_fashion_mnist()
        assert str(nowhere) in str(caught.value)


def test_the_checksums_are_those_of_debians_files() -> None:
    if not sets.DEBIAN_FOLDER.is_dir():
        pytest.skip("Debian's package dataset-fashion-mnist is not installed")
    for name, checksum in sets.FASHION_FILES.items():
        with gzip.open(sets.DEBIAN_FOLDER / f"{name}.gz") as file:
            assert hashlib.sha256(file.read()).hexdigest() == checksum


def test_progress_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for done in (0, 50, 100):
        download.show_progress("images", done, 100)
    assert capsys.readouterr().err == (
        "\rdownloading images:   0 %\rdownloading images:  50 %\rdownloading images: 100 %\n"
    )


def test_an_unknown_name_gets_the_nearest_right_one() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'fashion-mnist'"):
        sets.load_data_set("fashion_mnist")
