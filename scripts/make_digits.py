"""Makes the bundled data set `digits` again.

Where it comes from: "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, UCI Machine
Learning Repository, 1998, https://doi.org/10.24432/C50P49, licence CC BY 4.0. scikit-learn ships the
1797 samples of its file ``optdigits.tes`` as ``sklearn/datasets/data/digits.csv.gz``; this script reads
that file, holds a fifth of every digit out for testing, and stores the result in a compact form.

    python scripts/make_digits.py          (needs scikit-learn)
"""

import hashlib
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from fastbp.data.split import hold_out

TARGET = Path(__file__).parents[1] / "fastbp" / "data" / "bundled" / "digits.npz"
# Of 1797 rows of 64 pixels and the digit, one byte each.
CHECKSUM = "68aea062d35a127749050fa0e52dca09d6569ac08092c925610e0954e172dde2"


def main() -> None:
    """Write the file, if the source is what it was."""
    pixels, digits = load_digits(return_X_y=True)
    rows = np.column_stack([pixels, digits]).astype(np.uint8)
    checksum = hashlib.sha256(rows.tobytes()).hexdigest()
    if checksum != CHECKSUM:
        raise SystemExit(f"the source has changed: {checksum}")
    train, test = hold_out(len(rows), 0.2, classes=rows[:, 64], seed=0)
    np.savez_compressed(
        TARGET,
        x_train=rows[train, :64],
        y_train=rows[train, 64],
        x_test=rows[test, :64],
        y_test=rows[test, 64],
    )
    print(f"{TARGET}: {len(train)} samples to train on, {len(test)} to test with")


if __name__ == "__main__":
    main()
