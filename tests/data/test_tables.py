"""Tables as rows of numbers: the same at training and at prediction, and clear about what they can't be."""

import json
from typing import Any

import numpy as np
import pytest

from fastbp.data.tables import Column, Encoding, learn_encoding
from fastbp.errors import ArgumentError, DataError, UnknownNameError

pandas = pytest.importorskip("pandas")


def animals() -> Any:
    return pandas.DataFrame(
        {
            "weight": [4.5, 30.0, 3.5, 0.1],
            "legs": [4, 4, 4, 2],
            "sound": ["meow", "woof", "meow", "tweet"],
            "tame": [True, True, False, False],
            "kind": ["cat", "dog", "cat", "bird"],
        }
    )


ENCODING = Encoding(
    (
        Column("weight"),
        Column("legs"),
        Column("sound", ("meow", "tweet", "woof")),
        Column("tame"),
    ),
    "kind",
    ("bird", "cat", "dog"),
)


def test_columns_of_many_texts_are_embedded() -> None:
    """One feature, the number of the category; the others as before, and the same again from JSON."""
    encoding = learn_encoding(animals(), "kind", embed_above=2)
    assert encoding.columns[2] == Column("sound", ("meow", "tweet", "woof"), embedded=True)
    assert encoding.embedded == {2: 3}
    assert encoding.feature_names == ("weight", "legs", "sound", "tame")
    np.testing.assert_array_equal(encoding.features(animals())[:, 2], [0, 2, 0, 1])
    assert Encoding.from_json(json.loads(json.dumps(encoding.to_json()))) == encoding
    assert learn_encoding(animals(), "kind", embed_above=3) == ENCODING
    before = {"columns": [{"name": "a", "categories": None}], "target": "y", "class_names": None}
    assert Encoding.from_json(before) == Encoding((Column("a"),), "y", None)


def test_texts_that_name_rows_are_not_embedded() -> None:
    frame = pandas.DataFrame({"id": [f"row {i}" for i in range(600)], "y": range(600)})
    with pytest.raises(DataError, match=r"600 different texts, .* leave it out or group"):
        learn_encoding(frame, "y", embed_above=50)
    with pytest.raises(DataError, match="leave it out, embed them, or group"):
        learn_encoding(frame, "y")
    twice = pandas.concat([frame, frame])
    assert learn_encoding(twice, "y", embed_above=50).embedded == {0: 600}


class TestLearn:
    def test_numbers_stay_and_text_becomes_categories(self) -> None:
        assert learn_encoding(animals(), "kind") == ENCODING

    def test_ignored_columns_are_left_out(self) -> None:
        encoding = learn_encoding(animals(), "kind", ignore=["sound", "tame"])
        assert encoding.feature_names == ("weight", "legs")

    @pytest.mark.parametrize("dtype", ["str", "object", "category", "string"])
    def test_every_type_of_text_is_the_same(self, dtype: str) -> None:
        frame = animals().astype({"sound": dtype, "kind": dtype})
        encoding = learn_encoding(frame, "kind")
        assert encoding == ENCODING
        np.testing.assert_array_equal(encoding.features(frame), ENCODING.features(animals()))

    @pytest.mark.parametrize(
        ("target", "task", "classes"),
        [
            ([0, 1, 1, 0], "auto", ("0", "1")),
            ([0.0, 1.0, 1.0, 0.0], "auto", ("0", "1")),
            ([0, 1, 1, 0], "numbers", None),
            ([0.5, 1.0, 1.5, 0.0], "auto", None),
            ([10, 20, 30, 40], "auto", None),
            ([10, 20, 30, 40], "classes", ("10", "20", "30", "40")),
            ([True, False, True, True], "auto", ("False", "True")),
        ],
    )
    def test_what_the_target_holds(
        self, target: list[Any], task: Any, classes: tuple[str, ...] | None
    ) -> None:
        frame = animals().assign(kind=target)
        assert learn_encoding(frame, "kind", task=task).class_names == classes

    def test_an_unknown_column_gets_the_nearest_right_one(self) -> None:
        with pytest.raises(UnknownNameError, match="unknown column 'knd', did you mean 'kind'"):
            learn_encoding(animals(), "knd")
        with pytest.raises(UnknownNameError, match="did you mean 'sound'"):
            learn_encoding(animals(), "kind", ignore=["sounds"])

    def test_the_target_cannot_be_ignored(self) -> None:
        with pytest.raises(ArgumentError, match="'kind' cannot be ignored"):
            learn_encoding(animals(), "kind", ignore=["kind"])

    @pytest.mark.parametrize("column", ["weight", "sound", "kind"])
    def test_a_missing_value_is_named(self, column: str) -> None:
        frame = animals()
        frame.loc[2, column] = None
        with pytest.raises(
            DataError, match=rf"column '{column}', row 3: the value is missing \(1 of"
        ):
            learn_encoding(frame, "kind")

    def test_text_among_numbers_is_named(self) -> None:
        frame = animals().assign(legs=["4", "4", "four", "2"])
        with pytest.raises(DataError, match="column 'legs', row 3: 'four' among numbers"):
            learn_encoding(frame, "kind")

    def test_a_column_that_names_its_rows_is_refused(self) -> None:
        frame = pandas.DataFrame({"id": [f"n{i}" for i in range(300)], "y": [0, 1] * 150})
        with pytest.raises(DataError, match="column 'id' has 300 different texts"):
            learn_encoding(frame, "y")

    def test_dates_are_refused(self) -> None:
        frame = animals().assign(born=pandas.to_datetime(["2020-01-01"] * 4))
        with pytest.raises(DataError, match="column 'born' holds datetime64"):
            learn_encoding(frame, "kind")

    @pytest.mark.parametrize(
        ("frame", "message"),
        [
            (animals().iloc[:0], "no rows"),
            (animals()[["kind"]], "no column beside the target"),
            (animals().assign(kind="cat"), "one class alone, 'cat'"),
        ],
    )
    def test_what_cannot_be_learned_from_is_named(self, frame: Any, message: str) -> None:
        with pytest.raises(DataError, match=message):
            learn_encoding(frame, "kind")

    def test_text_is_not_a_number_to_predict(self) -> None:
        with pytest.raises(DataError, match="column 'kind' holds text"):
            learn_encoding(animals(), "kind", task="numbers")


class TestUse:
    def test_each_feature_is_what_its_name_says(self) -> None:
        features = ENCODING.features(animals())
        assert features.dtype == np.float64
        by_name = dict(zip(ENCODING.feature_names, features.T.tolist(), strict=True))
        assert by_name == {
            "weight": [4.5, 30.0, 3.5, 0.1],
            "legs": [4, 4, 4, 2],
            "sound=meow": [1, 0, 1, 0],
            "sound=tweet": [0, 0, 0, 1],
            "sound=woof": [0, 1, 0, 0],
            "tame": [1, 1, 0, 0],
        }

    def test_targets_are_codes(self) -> None:
        targets = ENCODING.targets(animals())
        assert targets is not None
        assert targets.tolist() == [1, 2, 1, 0]
        assert ENCODING.targets(animals().drop(columns="kind")) is None

    def test_targets_may_be_numbers(self) -> None:
        frame = animals().assign(kind=[0.5, 1.5, 2.5, 3.5])
        targets = learn_encoding(frame, "kind").targets(frame)
        assert targets is not None
        assert targets.tolist() == [0.5, 1.5, 2.5, 3.5]

    def test_order_of_columns_and_rows_and_other_columns_do_not_matter(self) -> None:
        frame = animals()[["tame", "sound", "legs", "weight"]].assign(more="x")[::-1]
        np.testing.assert_array_equal(ENCODING.features(frame), ENCODING.features(animals())[::-1])

    def test_it_goes_through_json(self) -> None:
        for encoding in (ENCODING, Encoding((Column("a"),), "b", None)):
            assert Encoding.from_json(json.loads(json.dumps(encoding.to_json()))) == encoding

    def test_a_category_of_a_row_is_all_there_need_be(self) -> None:
        row = ENCODING.features(animals().iloc[3:])
        np.testing.assert_array_equal(row, ENCODING.features(animals())[3:])

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda f: f.drop(columns="legs"), "lacks a column.* unknown column 'legs'"),
            (lambda f: f.assign(sound="moo"), "column 'sound', row 1: unknown category 'moo'"),
            (
                lambda f: f.assign(weight=[1, 2, np.nan, 4]),
                "column 'weight', row 3: the value is mis",
            ),
            (
                lambda f: f.assign(weight=[1, np.inf, 1, 4]),
                "column 'weight', row 2: the value is inf",
            ),
            (lambda f: f.assign(legs=["a", "b", "c", "d"]), "column 'legs' holds .*, but numbers"),
            (
                lambda f: f.assign(legs=["4", "4", "4", "x"]),
                "column 'legs', row 4: 'x' among numbers",
            ),
        ],
    )
    def test_rows_that_do_not_fit_are_named(self, change: Any, message: str) -> None:
        with pytest.raises(DataError, match=message):
            ENCODING.features(change(animals()))

    def test_an_unknown_class_is_named(self) -> None:
        with pytest.raises(DataError, match="column 'kind', row 1: unknown class 'cow'"):
            ENCODING.targets(animals().assign(kind="cow"))
