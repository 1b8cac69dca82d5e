"""A table over two inputs together: one meaning in the file, in a score, in a register's scores, in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from engines import ANY_QUALITY
from hypothesis import given, settings
from hypothesis import strategies as st
from model_folders import HEAD, INPUTS, ONE_FLAG, write_model
from register_tools import AS_OF, people

import casemgmt as cm
from casemgmt.errors import ModelError
from casemgmt.risk.coverage import places
from casemgmt.risk.from_flags import score_derived
from casemgmt.risk.scoring import NO_SCORE_64, sums_of
from casemgmt.risk.vectors import covering_vectors, read_vectors
from casemgmt.risk.writing import model_text

# Ages in three groups by two flags, one of which another flag silences; a number's edges by a text.
PAIRS = (
    ONE_FLAG
    + """
[[input]]
name = "age"
kind = "integer"
from = 0
table = [AGES]
missing = "0.5"

[[input]]
name = "heart_failure"
kind = "flag"
value = "0.75"
missing = "absent"

[[input]]
name = "cancer"
kind = "flag"
value = "2"
missing = "absent"
superseded_by = ["palliative_care"]

[[input]]
name = "palliative_care"
kind = "flag"
value = "3"
missing = "absent"

[[input]]
name = "age and heart failure"
kind = "pair"
of = ["age", "heart_failure"]
edges_first = ["65", "80"]
table = [["0", "0.1"], ["0.02", "0.2"], ["0.003", "0.3"]]
missing = "-0.4"

[[input]]
name = "cancer and age"
kind = "pair"
of = ["cancer", "age"]
edges_second = ["80"]
table = [["0.001", "0.002"], ["0.004", "0.008"]]
missing_first = ["0.016", "0.032"]
missing_second = ["0.064", "0.128"]
missing = "0.256"

[[input]]
name = "body_mass_index"
kind = "number"
edges = ["18.5", "25", "30.25"]
closed = "left"
table = ["0.6", "0.02", "0.21", "0.47"]
missing = "0.07"

[[input]]
name = "housing"
kind = "category"
values = { flat = "0.11", house = "-0.05" }
other = "0.3"
missing = "no score"

[[input]]
name = "weight × housing"
kind = "pair"
of = ["body_mass_index", "housing"]
edges_first = ["25"]
table = [["1.01", "1.02", "1.03"], ["2.01", "2.02", "2.03"]]
missing = "3.01"
""".replace("AGES", ", ".join(f'"{age / 1000}"' for age in range(100)))
)
NAMES = ("age", "heart_failure", "cancer", "palliative_care", "body_mass_index", "housing")
FLAG = st.sampled_from((None, False, True))
PERSON = st.tuples(
    st.sampled_from((None, 0, 64, 65, 79, 80, 98, 99, 100, 120)),
    *(FLAG, FLAG, FLAG),
    st.sampled_from((None, 10.0, 18.5, 24.999999, 25.0, 30.25, 60.0)),
    st.sampled_from((None, "flat", "house", "boat", "Flat")),
)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return cm.load_model(write_model(tmp_path_factory.mktemp("pairs"), PAIRS))


def by_hand(age, failing, cancer, palliative, weight, housing) -> int | None:
    """The sum in millionths, told from the file's words alone."""
    if housing is None:
        return None
    total = 500_000 if age is None else 1000 * min(age, 99)
    total += 750_000 * bool(failing) + 3_000_000 * bool(palliative)
    total += 2_000_000 if cancer and not palliative else 0
    old = None if age is None else (age >= 65) + (age >= 80)
    if old is None or failing is None:
        total -= 400_000
    else:
        total += ((0, 100_000), (20_000, 200_000), (3_000, 300_000))[old][failing]
    alone = None if cancer is None else bool(cancer and not palliative)
    place = [(None, (256, 16, 32)), (False, (64, 1, 2)), (True, (128, 4, 8))]
    total += 1000 * dict(place)[alone][0 if age is None else 1 + (age >= 80)]
    total += (
        70_000 if weight is None else (600_000, 20_000, 210_000, 470_000)[sum(map(weight.__ge__, (18.5, 25.0, 30.25)))]
    )
    total += {"flat": 110_000, "house": -50_000}.get(housing, 300_000)
    if weight is None:
        return total + 3_010_000
    return total + {"flat": 10_000, "house": 20_000}.get(housing, 30_000) + (2_000_000 if weight >= 25 else 1_000_000)


def columns_of(rows) -> dict[str, pa.Array]:
    types = (pa.int16(), pa.bool_(), pa.bool_(), pa.bool_(), pa.float64(), pa.string())
    columns = zip(NAMES, zip(*rows, strict=True), types, strict=True)
    return {name: pa.array(column, kind) for name, column, kind in columns}


def read(rows, **more):
    return cm.read_register(people(len(rows), **columns_of(rows), **more), as_of=AS_OF, **ANY_QUALITY)


@settings(max_examples=100, deadline=None)
@given(st.lists(PERSON, min_size=1, max_size=40))
def test_a_pair_adds_what_the_file_says_in_one_score_and_by_both_roads(model, rows):
    expected = [by_hand(*row) for row in rows]
    assert [model.score_of(dict(zip(NAMES, row, strict=True))) for row in rows] == expected
    register = read(rows)
    for compiled in (True, False):
        sums = sums_of(model, register, compiled=compiled).tolist()
        by_id = dict(zip(register.ids.to_pylist(), sums, strict=True)) if len(register) == len(rows) else {}
        assert sorted(sums) == sorted(NO_SCORE_64 if total is None else total for total in expected), by_id
    assert model.score(register).to_pylist() == [None if total is None else total / 1_000_000 for total in expected]


def test_a_pair_has_one_answer_in_memory_scanned_and_packed(model, tmp_path):
    choose = np.random.default_rng(5)
    pools = [(None, 0, 64, 65, 79, 80, 99, 120), *[(None, False, True)] * 3, (None, 18.5, 25.0, 31.0), ("flat", "boat")]
    rows = [tuple(pool[choose.integers(len(pool))] for pool in pools) for _ in range(400)]
    homes = ["none"] * 400
    table = people(400, **columns_of(rows), care_home_type=homes, nominated=[False] * 400)
    import pyarrow.parquet as pq

    pq.write_table(table, tmp_path / "register.parquet", row_group_size=90)
    whole = cm.read_register(table, as_of=AS_OF, **ANY_QUALITY)
    scanned = cm.scan_register(tmp_path / "register.parquet", as_of=AS_OF, **ANY_QUALITY)
    scheme = cm.load_scheme("rotherham-2015-16")
    lists = [cm.select(register, scheme, model=model).to_arrow() for register in (whole, scanned)]
    assert lists[0].num_rows > 5
    assert lists[0].equals(lists[1])
    by_person = dict(zip(table["patient_id"].to_pylist(), rows, strict=True))
    for person, score in zip(lists[0]["patient_id"].to_pylist(), lists[0]["score"].to_pylist(), strict=True):
        assert score == by_hand(*by_person[person]) / 1_000_000


def test_an_explanation_of_pairs_adds_up_and_counts_no_column_twice(model):
    rows = [
        (82, True, True, False, 31.0, "flat"),
        (None, True, None, False, None, "flat"),
        (70, None, True, True, 1.0, "x"),
    ]
    register = read(rows)
    for number, row in enumerate(rows):
        told = model.explain(register, f"02{number:04d}").to_pylist()
        assert sum(line["millionths"] for line in told) == by_hand(*row)
    told = {line["input"]: line for line in model.explain(register, "020000").to_pylist()}
    line = told["age and heart failure"]
    assert line["words"] == "Aged 80 or over, together with: living with heart failure"
    assert line["against"] == "age 0 to 64 together with not having it"
    assert (line["contribution"], line["difference"], line["missing"]) == (0.3, 0.3, False)
    gaps = {line["input"]: line for line in model.explain(register, "020001").to_pylist()}
    assert gaps["age and heart failure"]["words"] == "Age, or heart failure, not recorded"
    assert gaps["weight × housing"]["missing"] is True
    third = {line["input"]: line for line in model.explain(register, "020002").to_pylist()}
    assert third["cancer and age"]["words"] == "Cancer: no, together with: aged 0 to 79"


def test_reasons_name_both_sides_of_a_pair_and_its_columns_are_missing_once(model):
    rows = [(82, True, False, False, 31.0, "flat"), *[(30, False, False, False, 31.0, "house")] * 98]
    rows += [(None, None, False, False, None, "flat")]
    homes = {"care_home_type": ["none"] * len(rows), "nominated": [False] * len(rows)}
    chosen = cm.select(read(rows, **homes), cm.load_scheme("rotherham-2015-16"), model=model)
    told = {row["patient_id"]: row for row in chosen.to_arrow().to_pylist()}
    assert told["020099"]["inputs_missing"] == 3
    reasons = [told["020000"][f"reason_{number}"] for number in (1, 2, 3)]
    assert any(
        reason.startswith("Body mass index: 25 and over, together with: housing: flat: 1 point") for reason in reasons
    )


def test_the_written_file_reads_back_as_the_same_model_and_stated_practices_stay(model, tmp_path):
    text = PAIRS.replace('intercept = "0"', 'intercept = "0"\ncalibrated_in = ["C87001", "C87002"]')
    first = cm.load_model(write_model(tmp_path / "first", text))
    second = cm.load_model(write_model(tmp_path / "second", model_text(first)))
    assert first.inputs == second.inputs == model.inputs
    assert first.calibrated_in == second.calibrated_in == ("C87001", "C87002")
    assert model.calibrated_in == ()
    assert "calibrated_in" not in model_text(model)


def test_vectors_touch_every_cell_of_a_pair_and_both_sides_of_its_edges(model, tmp_path):
    lines = covering_vectors(model).splitlines()
    header = lines[0].split(",")
    assert "age and heart failure" not in header
    met = {model.cell_of(model.input_named("cancer and age"), vector.values) for vector in read_vectors(model)}
    assert met == set(range(9))
    refused = 0
    for number in range(1, len(lines)):
        fewer = "\n".join(lines[:number] + lines[number + 1 :]) + "\n"
        try:
            cm.load_model(write_model(tmp_path / "fewer", PAIRS, fewer))
        except ModelError as problem:
            assert "no vector touches input" in str(problem)
            refused += 1
    assert refused > 20
    labels = {label for _, label, _ in places(model.input_named("age and heart failure"))}
    assert {f"an edge of 'age', at {age}" for age in (64, 65, 79, 80)} < labels


def test_a_changed_amount_of_a_pair_is_refused_by_the_vectors(model, tmp_path):
    for old, new in (('"0.3"]]', '"0.31"]]'), ('["80"]', '["81"]'), ('"0.032"', '"0.033"'), ('"-0.4"', '"0.4"')):
        assert old in PAIRS
        with pytest.raises(ModelError):
            cm.load_model(write_model(tmp_path / "changed", PAIRS.replace(old, new), model.vectors_text))


def test_what_nobody_with_a_score_can_reach_needs_no_vector(tmp_path):
    text = (
        PAIRS.replace('missing = "0.5"', 'missing = "no score"')
        .replace("missing_second", "#")
        .replace('"3.01"', '"no score"')
    )
    text = text.replace('missing = "0.07"', 'missing = "no score"')
    model = cm.load_model(write_model(tmp_path / "a", text))
    assert model.score_of({"housing": "flat", "body_mass_index": 20, "cancer": 0}) is None
    assert model.score_of({"age": 30, "housing": "flat", "cancer": 0}) is None


WRONG = [
    ('missing = "-0.4"', 'missing = "no score"', "'age' has an amount for whoever lacks it"),
    ('of = ["age", "heart_failure"]', 'of = ["age", "heart_failur"]', "Did you mean 'heart_failure'"),
    ('of = ["age", "heart_failure"]', 'of = ["age"]', "must name two inputs"),
    ('of = ["age", "heart_failure"]', 'of = ["age", "age"]', "names one input twice"),
    ('of = ["cancer", "age"]', 'of = ["cancer", "palliative_care"]', "edges are given for 'palliative_care'"),
    (
        'of = ["cancer", "age"]\nedges_second = ["80"]',
        'of = ["cancer", "palliative_care"]',
        "it is never present",
    ),
    ('edges_first = ["65", "80"]', 'edges_first = ["80", "65"]', "larger than the one before"),
    ('edges_first = ["65", "80"]', 'edges_first = ["65.5", "80"]', "must be whole, over 0 and at most 99"),
    ('edges_first = ["65", "80"]', 'edges_first = ["65", "100"]', "at most 99"),
    ('edges_first = ["25"]', 'edges_first = ["26"]', "among its own edges"),
    ('["0.02", "0.2"], ', "", "must have 3 rows of 2 values"),
    ('[["0", "0.1"], ["0.02", "0.2"]', '[["0"], ["0.1", "0.02", "0.2"]', "2 values in each row"),
    ('missing_first = ["0.016", "0.032"]', 'missing_first = ["0.016"]', "'missing_first' has 1; 2 values are needed"),
    ('missing = "-0.4"', 'missing = "absent"', "missing"),
    ('"age and heart failure"', '"asthma"', "asthma"),
    ('"age and heart failure"', '"copd"', "is a column of the register"),
    ('of = ["cancer", "age"]', 'of = ["cancer", "age and heart failure"]', "no other input"),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_a_pair_that_does_not_fit_is_refused_in_words(number, tmp_path: Path):
    old, new, message = WRONG[number]
    assert old in PAIRS
    with pytest.raises(ModelError, match=message):
        cm.load_model(write_model(tmp_path / "wrong", PAIRS.replace(old, new), ""))


def test_practices_that_are_named_twice_or_blank_are_refused(tmp_path):
    for practices in ('["C87001", "C87001"]', '["C87001", " "]', '"C87001"'):
        text = PAIRS.replace('intercept = "0"', f'intercept = "0"\ncalibrated_in = {practices}')
        with pytest.raises(ModelError, match="calibrated_in"):
            cm.load_model(write_model(tmp_path / "wrong", text, ""))


def test_a_pair_stands_beside_every_other_kind_with_a_floor_and_a_divisor(tmp_path):
    pair = '\n[[input]]\nname = "both"\nkind = "pair"\nof = ["repeat_medicines", "sex"]\n'
    pair += 'table = [["0", "0.1"], ["0.2", "0.3"], ["0.4", "0.5"]]\nmissing = "0.6"\n'
    model = cm.load_model(write_model(tmp_path / "every-kind", HEAD + INPUTS + pair))
    assert model.input_named("both").cells[:2] == ("2, F", "2, M")
    values = {"asthma": 0, "age": 18, "housing": "flat", "body_mass_index": 20, "sex": "M", "repeat_medicines": 3}
    alone = {each.name: each.contribution(values.get(each.name)) for each in model.inputs if each.name != "both"}
    assert model.sum_before_floor(values) == model.intercept + sum(alone.values()) + 300_000


class Derived:
    """Flags in two words, as coded records give them."""

    def __init__(self, flags: dict[str, np.ndarray]) -> None:
        self._flags = flags
        self.conditions = tuple(flags)
        self.bits = {name: 40 * place for place, name in enumerate(flags)}
        self.patients = pa.array([str(row) for row in range(len(self))])
        self.words = np.zeros((2, len(self)), dtype=np.uint64)
        for name, present in flags.items():
            word, bit = divmod(self.bits[name], 64)
            self.words[word] |= present.astype(np.uint64) << np.uint64(bit)

    def flag(self, name):
        return self._flags[name]

    def __len__(self):
        return len(next(iter(self._flags.values())))


def test_pairs_of_flags_are_scored_straight_from_coded_records(tmp_path):
    flags = PAIRS[PAIRS.index('\n[[input]]\nname = "heart_failure"') : PAIRS.index('\n[[input]]\nname = "age and')]
    pair = '\n[[input]]\nname = "both"\nkind = "pair"\nof = ["cancer", "heart_failure"]\n'
    pair += 'table = [["0.5", "0.25"], ["0.125", "0.0625"]]\nmissing = "9"\n'
    model = cm.load_model(write_model(tmp_path / "flags", ONE_FLAG + flags + pair))
    patterns = np.arange(8)
    derived = Derived(
        {
            name: (patterns >> place & 1).astype(bool)
            for place, name in enumerate(("heart_failure", "cancer", "palliative_care"))
        }
    )
    scores = score_derived(derived, model)["score"].to_pylist()
    each = [{name: bool(derived.flag(name)[row]) for name in derived.conditions} for row in range(8)]
    assert scores == [model.score_of(values) / 1_000_000 for values in each]
