"""The ends of every range that ranks: keys of scores, the edges of bands, and which given scores are taken."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import casemgmt as cm
from casemgmt.errors import InputError
from casemgmt.register.given.floats import as_floats
from casemgmt.register.given.keyed import ValuesById, column_names, values_by_id
from casemgmt.register.given.values import _by_index, _is_default, values_by_row
from casemgmt.scheme.conditions import Edges
from casemgmt.selection.keys import (
    GivenRanking,
    ModelRanking,
    _first_true,
    band_keys,
    floats_of_keys,
    keys_of_floats,
    refuse_outside,
)
from casemgmt.selection.plain_rows import keys_of

LARGEST = 2**53
NO_SCORE = -(2**63)


# Keys


def test_keys_have_the_order_of_the_scores_and_give_them_back():
    least, tiny = np.finfo(np.float64).max, np.nextafter(0, 1)
    rising = np.array([-least, -2.0, -1.5, -tiny, 0.0, tiny, 0.3, np.nextafter(0.3, 1), 1.0, 2.5, least])
    keys = keys_of_floats(rising)
    assert (np.diff(keys) > 0).all()
    assert (floats_of_keys(keys) == rising).all()
    assert keys_of_floats(np.array([-0.0, 0.0])).tolist() == [0, 0]
    assert keys_of_floats(np.array([tiny, -tiny])).tolist() == [1, -2]
    none = keys_of_floats(np.array([np.nan, np.inf, -np.inf]))
    assert none.tolist() == [NO_SCORE] * 3
    assert np.isnan(floats_of_keys(none)).all()


class Tenths:
    """A ranking whose scores are tenths of the keys from -10 to 10, and whose risks are their halves."""

    model = SimpleNamespace(largest_sum=10)
    given_risks = None

    def scores(self, keys: Any) -> Any:
        return keys / 10

    def risks(self, scores: Any) -> Any:
        return scores / 2


class Floats:
    model = None

    def scores(self, keys: Any) -> Any:
        return floats_of_keys(keys)


def edges(**ends: str) -> Edges:
    return Edges(**{name: Fraction(end) for name, end in ends.items()})


@pytest.mark.parametrize(
    ("on", "ends", "keys"),
    [
        ("score", {"at_least": "0.5"}, (5, 10)),
        ("score", {"above": "0.5"}, (6, 10)),
        ("score", {"below": "0.5"}, (-10, 4)),
        ("score", {"at_most": "0.5"}, (-10, 5)),
        ("score", {"at_least": "0.2", "below": "0.4"}, (2, 3)),
        ("score", {"above": "0.2", "at_most": "0.4"}, (3, 4)),
        ("score", {"at_least": "1"}, (10, 10)),
        ("score", {"at_least": "2"}, (11, 10)),
        ("score", {"above": "1"}, (11, 10)),
        ("score", {"below": "-1"}, (-10, -11)),
        ("score", {"at_most": "-1"}, (-10, -10)),
        ("score", {"below": "2"}, (-10, 10)),
        ("risk", {"at_least": "0.2", "below": "0.4"}, (4, 7)),
    ],
)
def test_the_first_and_the_last_key_within_a_band(on, ends, keys):
    assert band_keys(SimpleNamespace(on=on, edges=edges(**ends)), Tenths()) == keys


def test_the_keys_of_a_band_reach_to_the_largest_floats():
    least = np.finfo(np.float64).max
    band = SimpleNamespace(on="score", edges=edges(at_least="0.3", below="0.6"))
    low, high = floats_of_keys(np.array(band_keys(band, Floats())))
    assert (low, high) == (0.3, np.nextafter(0.6, 0))
    all_above = band_keys(SimpleNamespace(on="score", edges=edges(at_least="-999999999999999999")), Floats())
    assert floats_of_keys(np.array(all_above))[1] == least
    all_below = band_keys(SimpleNamespace(on="score", edges=edges(below="999999999999999999")), Floats())
    assert floats_of_keys(np.array(all_below))[0] == -least


@pytest.mark.parametrize("first", range(5))
def test_the_first_that_is_true_is_found(first):
    assert _first_true(lambda key: key >= first, 0, 4) == first
    assert _first_true(lambda key: key >= first, -3, 9) == first


def register(**columns: list[Any]) -> Any:
    usual = {"patient_id": ["a", "b", "c", "d"], "practice_id": ["C87001"] * 4, "age": [50, 60, 70, 80]}
    return cm.read_register(pa.table({**usual, "sex": ["F"] * 4, **columns}), as_of="2015-04-01")


RISK, SCORE = SimpleNamespace(on="risk"), SimpleNamespace(on="score")


@pytest.mark.parametrize(
    ("scores", "outside"),
    [
        ([0, 0.5, 1, np.nan], 0),
        ([-0.1, 0.5, 1.1, np.nan], 2),
        ([0, 1, 0, 1], 0),
        ([0.2, 0.3, 0.4, 40], 1),
        ([np.nextafter(0, -1), np.nextafter(1, 2), 1, 0], 2),
    ],
)
def test_only_shares_of_one_are_risks(scores, outside):
    ranking = GivenRanking(np.array(scores, dtype=float), register())
    ranking.check_bands([SCORE])
    assert np.isnan(ranking.risks(np.array([0.5]))).all()
    assert ranking.outside() == outside
    if outside:
        with pytest.raises(InputError, match=f"{outside} value"):
            ranking.check_bands([SCORE, RISK])
    else:
        ranking.check_bands([SCORE, RISK])
        assert ranking.risks(np.array([0.5])).tolist() == [0.5]
        refuse_outside(0)


def test_who_objected_left_or_is_not_yet_there_has_no_key():
    people = register(
        objected=[True, False, False, False],
        deregistered_on=[None, "2015-03-01", None, None],
        registered_on=[None, None, "2015-05-01", None],
    )
    ranking = GivenRanking(np.array([0.1, 0.2, 0.3, 0.4]), people)
    assert np.isnan(ranking.scores(keys_of(ranking.source))).tolist() == [True, True, True, False]


@pytest.mark.parametrize(
    ("link", "on", "refused"),
    [("points", "risk", True), ("points", "score", False), ("logistic", "risk", False), ("survival", "risk", False)],
)
def test_a_band_on_risk_is_refused_for_points_alone(link, on, refused):
    ranking = ModelRanking.__new__(ModelRanking)
    ranking.model = SimpleNamespace(link=link, name="m")
    bands = [SCORE, SimpleNamespace(on=on)]
    if refused:
        with pytest.raises(InputError, match="gives points, not risks"):
            ranking.check_bands(bands)
    else:
        ranking.check_bands(bands)


# Numbers that a float can hold

TAKEN = [
    [LARGEST, -LARGEST],
    np.array([LARGEST, -LARGEST]),
    pa.array([LARGEST, -LARGEST]),
    pa.array([str(LARGEST), str(-LARGEST)]),
    pa.array([f"{LARGEST}.0", f"-{LARGEST}"]),
    np.array([LARGEST, -LARGEST], dtype=object),
    pd.Series([LARGEST, -LARGEST], dtype="Int64"),
    pa.array([str(LARGEST), str(-LARGEST)]).dictionary_encode(),
    pa.array([str(LARGEST), str(-LARGEST)], pa.string_view()),
]


@pytest.mark.parametrize("number", range(len(TAKEN)))
def test_the_largest_whole_number_is_taken_either_way(number):
    assert as_floats(TAKEN[number]).tolist() == [float(LARGEST), -float(LARGEST)]


@pytest.mark.parametrize("value", [LARGEST + 1, -LARGEST - 1])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda value: [1, value],
        lambda value: np.array([1, value]),
        lambda value: pa.array([1, value]),
        lambda value: pa.array(["1", str(value)]),
        lambda value: np.array([1, value], dtype=object),
        lambda value: pd.Series([None, value], dtype="Int64"),
        lambda value: np.ma.masked_array([1, value], mask=[True, False]),
    ],
)
def test_a_whole_number_beyond_it_is_refused_either_way(wrap, value):
    with pytest.raises(InputError, match=r"above 2\*\*53"):
        as_floats(wrap(value))
    with pytest.raises(InputError, match=r"above 2\*\*53"):
        as_floats(wrap(-value))


def test_a_masked_or_missing_number_is_missing_whatever_lies_under_the_mask():
    assert np.isnan(as_floats(np.ma.masked_array([LARGEST + 1, 3], mask=[True, False]))).tolist() == [True, False]
    assert np.isnan(as_floats(np.ma.masked_array([0.5, 0.25], mask=[True, False]))).tolist() == [True, False]
    assert np.isnan(as_floats(np.ma.masked_array([0.5, "x"], mask=[False, False], dtype=object)[:1])).tolist() == [
        False
    ]
    assert as_floats(pa.array([None, 2])).tolist()[1] == 2
    assert np.isnan(as_floats(pa.nulls(2))).all()


@pytest.mark.parametrize(
    ("values", "merged"),
    [
        ([Decimal("0.1"), Decimal("0.2")], False),
        ([Decimal("0.1"), Decimal("0.1")], False),
        ([Fraction(1, 3), Fraction(2, 3)], False),
        ([Decimal("0.1"), Decimal("0.10000000000000000001")], True),
        (pa.array([Decimal("0.10"), Decimal("0.20"), Decimal("0.20"), None]), False),
        (pa.array([Decimal("0.10000000000000000001"), Decimal("0.10000000000000000002")]), True),
        (np.array([0.1, 0.2, 0.2], dtype=np.longdouble), False),
        (np.array([1, np.nextafter(np.longdouble(1), 2)], dtype=np.longdouble), True),
    ],
)
def test_different_numbers_that_become_one_float_are_refused(values, merged):
    if merged:
        with pytest.raises(InputError, match="different ones become equal"):
            as_floats(values)
    else:
        assert len(as_floats(values)) == len(values)


# Whose score it is


@pytest.mark.parametrize(
    ("ids", "patients", "met", "refused"),
    [
        *((10, 100, 2, False), (10, 100, 1, True), (100, 5, 1, False), (100, 6, 1, True)),
        *((0, 5, 0, False), (5, 0, 0, False), (5, 5, 0, True), (5, 5, 5, False)),
    ],
)
def test_a_fifth_of_the_scores_or_of_the_patients_must_meet(ids, patients, met, refused):
    scores = ValuesById(pa.array([str(each) for each in range(ids)], pa.large_string()), np.zeros(ids))
    if refused:
        with pytest.raises(InputError, match=f"{met or 'not one'} of them"):
            scores.refuse_unmatched(met, patients, None)
    else:
        scores.refuse_unmatched(met, patients, None)


def test_scores_by_id_are_counted_and_missing_where_there_is_none():
    found, met = values_by_id({"c": 0.3, "x": 0.9, "a": 0.1}).of(register())
    assert met == 2
    assert sorted(found[~np.isnan(found)].tolist()) == [0.1, 0.3]


@pytest.mark.parametrize("name", ["a", "patient", "patient_ids", "z", None])
def test_an_index_of_another_name_is_not_one_of_ids(name):
    series = pd.Series([1.0, 2.0], index=pd.Index(["a", "b"], name=name), name="s")
    assert values_by_id(series) is None
    assert values_by_id(series.to_frame()) is None


def test_an_index_named_patient_id_is_one_of_ids():
    series = pd.Series([1.0, 2.0], index=pd.Index(["a", "b"], name="patient_id"), name="s")
    for score in (series, series.to_frame()):
        assert values_by_id(score).ids.to_pylist() == ["a", "b"]
    assert values_by_id(series.to_frame().assign(more=1)) is None


@pytest.mark.parametrize("others", [0, 2])
def test_a_table_of_ids_has_one_column_more(others):
    table = pa.table({"patient_id": ["a"], **{f"c{place}": [1.0] for place in range(others)}})
    for score in (table, table.to_pandas()):
        with pytest.raises(InputError, match=f"{others} columns more"):
            values_by_id(score)
    with pytest.raises(InputError, match="0 columns more"):
        values_by_id(pd.DataFrame([["a", "b"]], columns=["patient_id", "patient_id"]))


@pytest.mark.parametrize(
    "ids", [[1, 2], [b"a", b"b"], [None, "a"], pd.Index([1, 2], name="patient_id"), ["a", "\ud800"]], ids=str
)
def test_ids_that_are_no_text_are_refused(ids):
    score = dict(zip(ids, [1.0, 2.0], strict=True)) if isinstance(ids, list) else pd.Series([1.0, 2.0], index=ids)
    with pytest.raises(InputError, match="score= is keyed by"):
        values_by_id(score)
    if isinstance(ids, list):
        with pytest.raises(InputError, match="score= is keyed by"):
            values_by_id({ids[0] if not isinstance(ids[0], str) else ids[1]: 1.0})


def test_only_a_table_has_names_of_columns():
    assert column_names(pa.table({"a": [1], "b": [2]})) == ["a", "b"]
    assert column_names(pa.array([1])) is None
    assert column_names(np.zeros(2)) is None
    assert column_names(SimpleNamespace(columns=["a"])) is None


@pytest.mark.parametrize(
    ("index", "default"),
    [
        (pd.RangeIndex(3), True),
        (pd.Index([0, 1, 2]), True),
        (pd.Index([0, 1, 3]), False),
        (pd.Index([1, 2, 3]), False),
        (pd.Index([0, 2, 1]), False),
        (pd.RangeIndex(3, name="row"), False),
        (pd.Index([0.0, 1.0, 2.0]), False),
        (pd.Index(["0", "1", "2"]), False),
    ],
)
def test_rows_numbered_anew_are_known_by_their_index(index, default):
    assert _is_default(index) == default


def test_a_series_is_put_beside_the_rows_that_it_names():
    score = pd.Series([0.2, 0.4], index=[2, 4])
    found, named = _by_index(score, 5, None)
    assert found.isna().tolist() == [True, True, False, True, False]
    assert named.tolist() == [False, False, True, False, True]
    whole, named = _by_index(pd.Series(range(5)), 5, None)
    assert whole.tolist() == [0, 1, 2, 3, 4] and named is None
    labels = pd.Index(["x", "y", "z"])
    found, named = _by_index(pd.Series([1.0, 2.0], index=["z", "x"]), 3, labels)
    assert named.tolist() == [True, False, True] and found.iloc[[0, 2]].tolist() == [2.0, 1.0]
    repeated = pd.Index(["x", "x", "z"])
    by_row = pd.Series([1.0, 2.0], index=pd.Index([2, 0], name="source_row"))
    assert _by_index(by_row, 3, repeated)[1].tolist() == [True, False, True]
    with pytest.raises(InputError, match="labels occur twice"):
        _by_index(pd.Series([1.0], index=["x"]), 3, repeated)
    with pytest.raises(InputError, match="2 labels"):
        _by_index(pd.Series([1.0, 2.0, 3.0], index=["x", "p", "q"]), 3, labels)
    with pytest.raises(InputError, match="numbered from 0"):
        _by_index(pd.Series([1.0, 2.0]), 3, None)


def test_an_array_has_one_value_a_source_row():
    assert values_by_row([1.0, 2.0], 2, None)[0].tolist() == [1.0, 2.0]
    for rows in (1, 3):
        with pytest.raises(InputError, match="Give one value a source row"):
            values_by_row([1.0, 2.0], rows, None)


def test_ids_of_several_kinds_in_one_column_are_refused():
    with pytest.raises(InputError, match="score= is keyed by ids that are not text"):
        values_by_id(pd.DataFrame({"patient_id": ["a", 1], "score": [1.0, 2.0]}))
