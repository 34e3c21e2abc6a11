"""Data sets with a name: digits, which comes with the package, and fashion-mnist."""

from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np

from fastbp.data.dataset import DataSet
from fastbp.data.download import Progress, fetch, show_progress
from fastbp.data.idx import read_idx_folder
from fastbp.errors import DataError, unknown_name

FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
FASHION_ADDRESS = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"
)
# SHA-256 of the content: the files are compressed differently in different places.
FASHION_FILES = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
# Where Debian's package dataset-fashion-mnist puts it.
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")


def load_digits() -> DataSet:
    """Load the handwritten digits that come with the package.

    1797 images of 8 x 8 pixels, brightness 0 to 16, from the "Optical Recognition of Handwritten
    Digits" data of the UCI Machine Learning Repository (E. Alpaydin and C. Kaynak, 1998,
    https://doi.org/10.24432/C50P49), licence CC BY 4.0. 1438 to train on and 359 to test with, every
    digit in proportion.

    Examples
    --------
    >>> digits = load_digits()
    >>> digits.x_train.shape, digits.x_test.shape, digits.image_shape
    ((1438, 64), (359, 64), (8, 8))
    """
    file = resources.files("fastbp.data") / "bundled" / "digits.npz"
    with file.open("rb") as content, np.load(content, allow_pickle=False) as arrays:
        x_train, y_train, x_test, y_test = (
            arrays[name] for name in ("x_train", "y_train", "x_test", "y_test")
        )
    return DataSet(
        "digits",
        x_train,
        y_train.astype(np.int64),
        x_test,
        y_test.astype(np.int64),
        class_names=tuple("0123456789"),
        image_shape=(8, 8),
    )


def load_fashion_mnist(
    folder: str | Path | None = None, *, progress: Progress | None = None
) -> DataSet:
    """Load the 70,000 images of clothing of Fashion-MNIST (H. Xiao, K. Rasul, R. Vollgraf, 2017).

    Images of 28 x 28 pixels, brightness 0 to 255: 60,000 to train on and 10,000 to test with.

    Parameters
    ----------
    folder : str or path, optional
        Where its four IDX files are. Left out, they are looked for in the user's cache folder and in
        ``/usr/share/datasets/fashion-mnist``; if they are in neither they are downloaded (30 MB)
        into the cache folder.
    progress : callable, optional
        Called as ``progress(file, bytes_done, bytes_in_all)`` while they are downloaded. Left out, a
        line on standard error tells.

    Raises
    ------
    DataError
        If the files cannot be had, or are not what they should be.
    """
    if folder is not None:
        if not _has_all_files(Path(folder)):
            raise DataError(f"{folder} does not hold the files of fashion-mnist: {_file_list()}")
        return _read_fashion_mnist(Path(folder))
    cache = data_folder()
    kept = None if cache is None else cache / "fashion-mnist"
    for place in (kept, DEBIAN_FOLDER):
        if place is not None and _has_all_files(place):
            return _read_fashion_mnist(place)
    if kept is None:
        raise DataError(
            "fashion-mnist is not here, and without a cache folder it is not downloaded"
        )
    _download_fashion_mnist(kept, progress or show_progress)
    return _read_fashion_mnist(kept)


DATA_SETS: dict[str, Callable[[], DataSet]] = {
    "digits": load_digits,
    "fashion-mnist": load_fashion_mnist,
}


def load_data_set(name: str) -> DataSet:
    """Load a data set by its name.

    Examples
    --------
    >>> load_data_set("digits").n_features
    64
    """
    if name not in DATA_SETS:
        raise unknown_name("data set", name, DATA_SETS)
    return DATA_SETS[name]()


def data_folder() -> Path | None:
    """Where downloaded data sets are kept: in the user's cache folder; None where that is switched off."""
    # Imported here, since it brings Numba with it.
    from fastbp.runtime.cache import cache_root

    root = cache_root()
    return None if root is None else root / "data"


def _has_all_files(folder: Path) -> bool:
    return all(
        (folder / name).is_file() or (folder / f"{name}.gz").is_file() for name in FASHION_FILES
    )


def _read_fashion_mnist(folder: Path) -> DataSet:
    parts = read_idx_folder(folder)
    (x_train, y_train), (x_test, y_test) = parts["train"], parts["test"]
    assert y_train is not None
    assert y_test is not None
    for images, labels, n_samples in ((x_train, y_train, 60_000), (x_test, y_test, 10_000)):
        if images.shape != (n_samples, 28, 28) or labels.shape != (n_samples,):
            raise DataError(f"{folder} does not hold fashion-mnist: images of shape {images.shape}")
    return DataSet(
        "fashion-mnist",
        x_train.reshape(len(x_train), -1),
        y_train.astype(np.int64),
        x_test.reshape(len(x_test), -1),
        y_test.astype(np.int64),
        class_names=FASHION_CLASSES,
        image_shape=(28, 28),
    )


def _download_fashion_mnist(folder: Path, progress: Progress) -> None:
    for name, checksum in FASHION_FILES.items():
        try:
            fetch(f"{FASHION_ADDRESS}{name}.gz", folder / name, checksum, progress)
        except OSError as error:
            raise DataError(
                f"fashion-mnist could not be downloaded ({error}). Put its files ({_file_list()}) into "
                f"{folder}, or install Debian's package dataset-fashion-mnist"
            ) from error


def _file_list() -> str:
    return ", ".join(FASHION_FILES)
