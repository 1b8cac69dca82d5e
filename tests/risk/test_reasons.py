"""Reasons: contributions that add up exactly, the largest three in words, and the waterfall."""

from __future__ import annotations

import random
import re
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from model_folders import CAMBRIDGE, HEAD, INPUTS, write_model
from months import WORDS
from registers import read_scheme, scheme_text

import casemgmt as cm
from casemgmt.errors import InputError
from casemgmt.register.fields import CARE_HOME_TYPES, FIELDS
from casemgmt.risk.inputs import MILLION, ModelInput
from casemgmt.risk.model import Model
from casemgmt.risk.words import against_base, in_words, size_in_words

SMALLEST_PRACTICE = "C87606"
LOGISTIC = HEAD.replace('link = "survival"', 'link = "logistic"')
for _key in ("baseline_survival", "centre"):
    LOGISTIC = re.sub(f"(?m)^{_key} = .*\n", "", LOGISTIC)
NOT_DIVIDED = LOGISTIC.replace("divide_by = 3\n", "").replace('floor = "-1.2"\n', "")
HEADS = {"survival": HEAD, "logistic": LOGISTIC, "logistic, no floor": NOT_DIVIDED}

EVERYONE = read_scheme(
    scheme_text(
        ['name = "wanted"\nkind = "everyone"\nwhere = { wanted = true }\ncounts_as = "case_management"'],
        required=["wanted"],
    )
)


@pytest.fixture(scope="module")
def cambridge():
    return cm.load_model(CAMBRIDGE)


@pytest.fixture(scope="module")
def practice():
    return cm.synthesise(SMALLEST_PRACTICE, seed=3)


@pytest.fixture(scope="module", params=list(HEADS))
def every_kind(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "every-kind"
    return cm.load_model(write_model(folder, HEADS[request.param] + INPUTS))


def awkward_people(count: int = 300, seed: int = 4) -> list[dict[str, Any]]:
    """People of three practices for the model of every kind of input, with gaps, edges, the dead and objectors."""
    choose = random.Random(seed).choice
    pools = {
        "practice_id": ("C87002", "C87002", "C87003", "Y00001"),
        "age": (None, 17, 18, 19, 20, 21, 64, 64, 64, 95),
        "diabetes": (None, True, False),
        "asthma": (None, True, False),
        "repeat_medicines": (None, 0, 2, 3, 4, 9),
        "sex": ("F", "M", "F", "M", "F", "M", "I", None),
        "housing": ("flat", "house", "boat", "flat", "house", "flat", None),
        "body_mass_index": (18.4, 18.5, 25.0, 30.25, 30.24, 41.0, None),
        "emergency_admissions_12m": (None, 0, 0, 1, 2, 3, 99),
        "objected": (False, False, False, None, True),
        "date_of_death": (None, None, None, None, None, "2015-03-01"),
    }
    rows = [{name: choose(pool) for name, pool in pools.items()} for _ in range(count)]
    return [{"patient_id": f"p{i:03d}", "wanted": True, **row} for i, row in enumerate(rows)]


def registered(rows: list[dict[str, Any]]) -> Any:
    return cm.read_register(pa.Table.from_pylist(rows), as_of="2015-04-01")


def values_of(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "sex": row.get("sex") or "U"}


# Contributions


def test_contributions_add_up_to_the_score_of_everyone_in_a_practice(cambridge, practice):
    assert_adds_up(cambridge, practice)


def test_contributions_add_up_for_a_model_with_every_kind_of_input(every_kind):
    assert_adds_up(every_kind, registered(awkward_people()))


def assert_adds_up(model: Model, register: Any) -> None:
    ids, objected = (register.to_arrow()[name].to_pylist() for name in ("patient_id", "objected"))
    scores = model.score(register).to_pylist()
    added = 0
    for patient, refused, score in zip(ids, objected, scores, strict=True):
        if refused:
            assert score is None
            with pytest.raises(InputError, match="objected to risk stratification"):
                model.explain(register, patient)
            continue
        amounts = model.explain(register, patient)["millionths"].to_pylist()
        if score is None:
            assert None in amounts
        else:
            assert sum(amounts) / (MILLION * model.divide_by) == score
            added += 1
    assert added > 50


def test_an_explanation_is_each_inputs_contribution_and_its_difference_from_the_base(every_kind):
    rows = awkward_people(120)
    register = registered(rows)
    unit = MILLION * every_kind.divide_by
    for row in rows:
        if row["objected"]:
            continue
        found = {line["input"]: line for line in every_kind.explain(register, row["patient_id"]).to_pylist()}
        assert found.pop("intercept")["millionths"] == -250_000
        floor = found.pop("floor", None)
        total = every_kind.sum_before_floor(values_of(row))
        lifted = total is not None and every_kind.floor is not None and total < every_kind.floor
        assert (floor is not None) == lifted
        assert set(found) == {each.name for each in every_kind.inputs}
        for each in every_kind.inputs:
            line, amount = found[each.name], each.contribution(values_of(row)[each.name])
            assert line["millionths"] == amount
            assert line["contribution"] == (None if amount is None else amount / unit)
            assert line["difference"] == (None if amount is None else (amount - base_amount(each)) / unit)
            # A missing sex is read as U, and stays visible as missing.
            assert line["missing"] == (values_of(row)[each.name] is None or row.get(each.name) is None)


def base_amount(each: ModelInput) -> int:
    """What the base of a table adds: absent, the first cell, or the first category that adds nothing."""
    return 0 if each.kind == "category" and 0 in each.table else each.table[0]


def test_missing_inputs_are_named_and_said_to_be_not_recorded(every_kind):
    rows = [awkward_people(1)[0] | {"objected": False, "repeat_medicines": None, "diabetes": None, "age": 64}]
    missing = [row for row in every_kind.explain(registered(rows), "p000").to_pylist() if row["missing"]]
    assert {"repeat_medicines", "diabetes"} <= {row["input"] for row in missing}
    assert all(row["words"].endswith(" not recorded") for row in missing)


def test_explain_refuses_an_unknown_patient_without_repeating_the_id(cambridge, practice):
    with pytest.raises(InputError) as error:
        cambridge.explain(practice, "9990001234")
    assert "9990001234" not in str(error.value)


# The largest three


def expected_reasons(model: Model, row: dict[str, Any], averages: dict[str, Fraction] | None) -> list[tuple[Any, int]]:
    """(input, cell) of the largest positive differences, largest first, equal ones in the order of the file."""
    found = []
    for each in model.inputs:
        value = values_of(row)[each.name]
        reference = averages[each.name] if averages else Fraction(base_amount(each))
        more = (each.contribution(value) or 0) - reference
        if more > 0:
            found.append((more, each, each.cell_of(value)))
    return sorted(found, key=lambda one: -one[0])[:3]


@pytest.mark.parametrize("reference", ["base", "practice"])
def test_reasons_are_the_largest_differences_recomputed_plainly(every_kind, reference):
    rows = awkward_people()
    selection = cm.select(registered(rows), EVERYONE, model=every_kind, reference=reference)
    averages = practice_averages(every_kind, rows) if reference == "practice" else {}
    by_id = {row["patient_id"]: row for row in rows}
    listed = selection.to_arrow().to_pylist()
    assert len(listed) == sum(row["date_of_death"] is None for row in rows)
    unscored = short = 0
    for line in listed:
        row = by_id[line["patient_id"]]
        found = [line[f"reason_{k}"] for k in (1, 2, 3)]
        if row["objected"] or every_kind.score_of(values_of(row)) is None:
            assert found == [None, None, None]
            unscored += 1
            continue
        expected = expected_reasons(every_kind, row, averages.get(row["practice_id"]))
        sentences = [sentence(every_kind, *one, reference) for one in expected]
        assert found == [*sentences, *[None] * (3 - len(sentences))]
        short += len(sentences) < 3
    assert unscored > 20
    assert short > 5


def practice_averages(model: Model, rows: list[dict[str, Any]]) -> dict[str, dict[str, Fraction]]:
    """The average of each contribution over the practice's ranked patients: listed, not objecting, scored."""
    averages = {}
    for practice in {row["practice_id"] for row in rows}:
        ranked = [
            values_of(row)
            for row in rows
            if row["practice_id"] == practice and not row["date_of_death"] and not row["objected"]
        ]
        ranked = [values for values in ranked if model.score_of(values) is not None]
        averages[practice] = {
            each.name: Fraction(sum(each.contribution(values[each.name]) for values in ranked), len(ranked))
            for each in model.inputs
        }
    return averages


def sentence(model: Model, more: Fraction, each: ModelInput, cell: int, reference: str) -> str:
    against = against_base(each) if reference == "base" else "the practice's average"
    return f"{in_words(each, cell)}: {size_in_words(model, round(more))} against {against}"


def test_equal_contributions_come_in_the_order_of_the_file():
    model = a_model(*(flag(name, 500_000) for name in ("copd", "asthma", "stroke_tia", "diabetes")))
    row = {"patient_id": "a", "practice_id": "C87002", "age": 70, "wanted": True}
    row |= dict.fromkeys(("copd", "asthma", "stroke_tia", "diabetes"), True)
    line = cm.select(registered([row]), EVERYONE, model=model).to_arrow().to_pylist()[0]
    assert [line[f"reason_{k}"] for k in (1, 2, 3)] == [
        "Living with COPD, a lasting lung condition: 0.5 points",
        "Living with asthma: 0.5 points",
        "Living with the effects of a stroke or mini-stroke (TIA): 0.5 points",
    ]


def test_given_scores_have_no_reasons():
    register = registered([{"patient_id": "a", "practice_id": "C87002", "age": 70, "wanted": True}])
    selection = cm.select(register, EVERYONE, score=[1.0])
    assert [selection.to_arrow()[f"reason_{k}"].to_pylist() for k in (1, 2, 3)] == [[None]] * 3
    for ask in (selection.explain, selection.waterfall):
        with pytest.raises(InputError, match="no model to explain"):
            ask("a")


# Sentences


def a_model(*inputs: ModelInput, link: str = "points", **more: Any) -> Model:
    if link == "survival":
        more |= {"baseline_survival": "0.9", "centre": 0}
    intercept = more.pop("intercept", 0)
    return Model(
        **WORDS, name="m", version="1", horizon_days=365, link=link, intercept=intercept, inputs=inputs, **more
    )


def flag(name: str, value: int, label: str | None = None) -> ModelInput:
    return ModelInput(name=name, label=label or name.capitalize(), kind="flag", missing="absent", table=(0, value))


def integer(name: str, *table: int, missing: int = 0, **more: Any) -> ModelInput:
    return ModelInput(name=name, label=name.capitalize(), kind="integer", missing=missing, table=table, **more)


def number(name: str, edges: tuple[str, ...], *table: int, closed: str = "left") -> ModelInput:
    at = tuple(int(Fraction(edge) * MILLION) for edge in edges)
    label = name.replace("_", " ").capitalize()
    return ModelInput(name=name, label=label, kind="number", missing=400_000, table=table, edges=at, closed=closed)


def category(name: str, missing: int = 0, other: int | None = None, **values: int) -> ModelInput:
    return ModelInput(
        name=name,
        label=name.replace("_", " ").capitalize(),
        kind="category",
        missing=missing,
        table=tuple(values.values()),
        categories=tuple(values),
        other=other,
    )


ADMISSIONS = integer("emergency_admissions_12m", 0, 600_000, 850_000, 1_064_711, 1_200_000, missing=262_364)
AGE = integer("age", -500_000, 0, 700_000, first=74, below="first")
CHILDREN = integer("age", 0, 100_000, 700_000, reference=1)
MEDICINES = number("repeat_medicines", ("1", "5", "10", "60"), 0, 10_000, 300_000, 500_000, 4_000_000)
HOME = category("care_home_type", 0, 50_000, none=0, nursing=800_000, residential=600_000)
DEPRIVED = integer("imd_decile", *(100_000 * n for n in range(10)), first=1)
FRAILTY = integer("frailty_deficits", *(n * 20_000 for n in range(37)))
ETHNICITY = category("ethnicity", 90_000, 30_000, White=0, Asian=200_000)
BMI = number("body_mass_index", ("18.5", "30"), 0, 100_000, 200_000, closed="right")

GOLDEN = [
    ("logistic", ADMISSIONS, 3, "3 emergency admissions in the last 12 months: odds × 2.9 against none"),
    ("logistic", ADMISSIONS, 1, "1 emergency admission in the last 12 months: odds × 1.8 against none"),
    ("survival", ADMISSIONS, 9, "4 or more emergency admissions in the last 12 months: rate × 3.3 against none"),
    ("logistic", ADMISSIONS, None, "Emergency admissions in the last 12 months not recorded: odds × 1.3 against none"),
    ("points", ADMISSIONS, 2, "2 emergency admissions in the last 12 months: 0.85 points"),
    ("points", ADMISSIONS, 0, None),
    ("logistic", AGE, 75, "Aged 75: odds × 1.6 against age 74 or under"),
    ("points", AGE, 90, "Aged 76 or over: 1.2 points against age 74 or under"),
    ("logistic", AGE, 30, None),
    ("logistic", CHILDREN, 2, "Aged 2 or over: odds × 1.8 against age 1"),
    ("logistic", CHILDREN, 0, None),
    ("logistic", MEDICINES, 3, "1 to 4 repeat medicines: odds × 1.01 against none"),
    ("logistic", MEDICINES, 12, "10 to 59 repeat medicines: odds × 1.6 against none"),
    ("logistic", MEDICINES, 60, "60 repeat medicines: odds × 55 against none"),
    ("logistic", MEDICINES, None, "Repeat medicines not recorded: odds × 1.5 against none"),
    ("logistic", HOME, "nursing", "Living in a nursing home: odds × 2.2 against living in a home of their own"),
    ("logistic", HOME, "respite", "Living in another kind of home: odds × 1.1 against living in a home of their own"),
    ("logistic", DEPRIVED, 10, "Living in an area in tenth 10 of deprivation (1 is the most deprived): "
                               "odds × 2.5 against tenth 1"),
    ("points", FRAILTY, 36, "36 of 36 signs of frailty: 0.72 points"),
    ("logistic", FRAILTY, 9, "9 of 36 signs of frailty: odds × 1.2 against none"),
    ("logistic", category("sex", 0, 0, F=0, M=300_000), "M", "Male: odds × 1.3 against female"),
    ("logistic", ETHNICITY, "Asian", "Ethnicity: Asian: odds × 1.2 against White"),
    ("logistic", ETHNICITY, None, "Ethnicity not recorded: odds × 1.1 against White"),
    ("logistic", BMI, 30.5, "Body mass index: over 30: odds × 1.2 against 18.5 and under"),
    ("logistic", flag("diabetes", 405_465), True, "Living with diabetes: odds × 1.5 against not having it"),
    ("survival", flag("cancer", 700_000), True, "Living with cancer, or after it: rate × 2.0 against not having it"),
    ("points", flag("diabetes", 1_000_000), True, "Living with diabetes: 1 point"),
    ("points", flag("diabetes", 4_000), True, "Living with diabetes: less than 0.01 points"),
    ("logistic", flag("lives_alone", 300, "Lives alone"), True, "Lives alone: odds × 1.0003 against others"),
    ("logistic", flag("lives_alone", 2_300_000, "Lives alone"), True, "Lives alone: odds × 10 against others"),
    ("logistic", flag("lives_alone", 7_000_000, "Lives alone"), True, "Lives alone: odds × 1,097 against others"),
]  # fmt: skip


@pytest.mark.parametrize(("link", "each", "value", "expected"), GOLDEN)
def test_a_reason_reads_as_a_sentence(link, each, value, expected):
    table = {"patient_id": ["a", "b"], "practice_id": ["C87002"] * 2, "wanted": [True] * 2}
    table |= {"age": [50, 50], each.name: pa.array([value, value])}
    model = a_model(each, link=link)
    selection = cm.select(cm.read_register(pa.table(table), as_of="2015-04-01"), EVERYONE, model=model)
    assert selection.to_arrow()["reason_1"].to_pylist() == [expected, expected]


def test_a_size_in_words_is_of_the_score_and_not_of_the_undivided_sum():
    divided = a_model(flag("diabetes", 3 * 405_465), link="logistic", divide_by=3)
    assert size_in_words(divided, 3 * 405_465) == "odds × 1.5"
    assert size_in_words(divided, -3 * 405_465) == "odds × 0.67"


def test_a_reason_against_the_practice_says_so():
    rows = [
        {"patient_id": f"p{i}", "practice_id": "C87002", "age": 70, "wanted": True, "diabetes": i == 0}
        for i in range(4)
    ]
    model = a_model(flag("diabetes", 1_000_000))
    selection = cm.select(registered(rows), EVERYONE, model=model, reference="practice")
    assert selection.to_arrow()["reason_1"].to_pylist() == [
        "Living with diabetes: 0.75 points against the practice's average",
        *[None] * 3,
    ]


def an_input(name: str) -> ModelInput:
    """A table over all that a register field may hold."""
    field = FIELDS[name]
    if field.kind == "flag":
        return flag(name, 100_000, name.replace("_", " ").capitalize())
    if field.kind == "integer":
        return integer(name, *range(field.most - field.least + 1), first=field.least)
    if name == "ethnicity":
        return category(name, other=0, White=0)
    return category(name, **{value: i for i, value in enumerate(field.allowed)})


FEEDING = [name for name, field in FIELDS.items() if field.kind in ("flag", "integer", "category")]
FEEDING = [*(name for name in FEEDING if name != "nomination_order"), "ethnicity"]


@pytest.mark.parametrize("name", FEEDING)
def test_every_cell_of_every_field_reads_as_words(name):
    each = an_input(name)
    said = [in_words(each, cell) for cell in range(len(each.cells))]
    assert len(set(said)) == len(said) - (name == "sex")  # unknown is not recorded
    for words in [*said, f"Against {against_base(each)}"]:
        assert re.fullmatch(r"[A-Z0-9][A-Za-z0-9 ,()&:-]*", words)
        assert not re.search(r"12m|True|False|  |: $|\bor more of deprivation|No of|missing", words)
    if FIELDS[name].condition:
        assert said[1].startswith("Living with ")
    assert said[-1].endswith(" not recorded")


def test_a_home_is_worded_for_every_type():
    said = [in_words(an_input("care_home_type"), cell) for cell in range(len(CARE_HOME_TYPES))]
    assert said == [
        "Living in a home of their own",
        "Living in a nursing home",
        "Living in a residential home",
        "Living in a care home",
        "In a care home for respite",
        "Living with support",
    ]


def test_ten_patients_reasons_read_well(cambridge, practice):
    scheme = cm.load_scheme("rotherham-2015-16")
    rows = cm.select(practice, scheme, model=cambridge, over_cap="queue").to_arrow().to_pylist()
    ten = sorted((row for row in rows if row["reason_3"]), key=lambda row: -row["score"])[:10]
    said = [row[f"reason_{k}"] for row in ten for k in (1, 2, 3)]
    assert len(ten) == 10
    print("\n".join(said))
    for words in said:
        assert re.fullmatch(r"Living with [A-Za-z ,()-]+: [0-9.]+ points?", words)


# The waterfall


@pytest.fixture
def pyplot():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


def assert_nothing_is_cut_off(ax: Any) -> None:
    figure = ax.figure
    figure.canvas.draw()
    low, high = ax.get_xlim()
    ticks = zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
    shown = [label for tick, label in ticks if low <= tick <= high]
    texts = [*ax.texts, *ax.get_yticklabels(), *shown, ax.xaxis.label, ax.title, figure._suptitle]
    for text in texts:
        if text.get_text():
            box = text.get_window_extent()
            assert box.x0 >= -1, text.get_text()
            assert box.x1 <= figure.bbox.width + 1, text.get_text()
            assert box.y0 >= -1, text.get_text()
            assert box.y1 <= figure.bbox.height + 1, text.get_text()


def assert_bars_are_a_waterfall(ax: Any, model: Model, score: float) -> None:
    *steps, total = ax.patches
    ends = [bar.get_x() + bar.get_width() for bar in steps]
    assert [bar.get_x() for bar in steps] == pytest.approx([0, *ends][: len(steps)], abs=1e-12)
    assert (total.get_x(), total.get_width()) == (0, score)
    assert ends[-1:] == pytest.approx([score] if steps else [], abs=1e-12)
    for bar, text in zip(steps, ax.texts, strict=False):
        assert text.get_text().strip()[0] == ("+" if bar.get_width() > 0 else "−")
    assert all(low.get_y() < high.get_y() for low, high in pairwise(ax.patches))
    assert model.title.split()[0] in (ax.figure._suptitle or ax.title).get_text()


def test_the_waterfall_ends_at_the_score_of_every_kind_of_patient(every_kind, pyplot):
    rows = [row for row in awkward_people(80) if not row["date_of_death"] and not row["objected"]]
    selection = cm.select(registered(rows), EVERYONE, model=every_kind)
    drawn = 0
    for row in rows:
        total = every_kind.score_of(values_of(row))
        if total is not None and drawn < 6:
            ax = selection.waterfall(row["patient_id"])
            assert_bars_are_a_waterfall(ax, every_kind, every_kind.points(total))
            assert_nothing_is_cut_off(ax)
            missing = [each.label for each in every_kind.inputs if values_of(row)[each.name] is None]
            missing += ["Sex"] * (row["sex"] is None)
            for label in missing:
                assert label in ax.get_xlabel().replace("\n", " ")
            pyplot.close("all")
            drawn += 1
    assert drawn == 6


def test_the_waterfall_of_the_highest_score_and_of_nought_can_be_read(cambridge, practice, pyplot):
    scheme = cm.load_scheme("rotherham-2015-16")
    selection = cm.select(practice, scheme, model=cambridge, over_cap="queue")
    rows = sorted(
        (row for row in selection.to_arrow().to_pylist() if row["score"] is not None), key=lambda row: row["score"]
    )
    assert rows[0]["score"] == 0
    for row in (rows[0], rows[-1]):
        ax = selection.waterfall(row["patient_id"])
        assert_bars_are_a_waterfall(ax, cambridge, row["score"])
        assert_nothing_is_cut_off(ax)


def test_the_waterfall_can_be_one_of_several_and_leaves_the_others_alone(cambridge, practice, pyplot):
    selection = cm.select(practice, cm.load_scheme("rotherham-2015-16"), model=cambridge, over_cap="queue")
    rows = [row for row in selection.to_arrow().to_pylist() if row["score"]][:2]
    figure, axes = pyplot.subplots(1, 2, figsize=(16, 6), layout="constrained")
    figure.suptitle("Two patients")
    for ax, row in zip(axes, rows, strict=True):
        assert selection.waterfall(row["patient_id"], ax=ax) is ax
        assert ax.get_title() == cambridge.title
    assert figure._suptitle.get_text() == "Two patients"


def test_there_is_no_waterfall_without_a_score(every_kind, pyplot):
    row = awkward_people(1)[0] | {"age": None, "objected": False, "date_of_death": None}
    selection = cm.select(registered([row]), EVERYONE, model=every_kind)
    with pytest.raises(InputError, match=r"no score to draw without a usable value of .*Age"):
        selection.waterfall("p000")


def test_there_is_neither_explanation_nor_waterfall_of_an_objector(every_kind, pyplot):
    row = awkward_people(1)[0] | {"objected": True, "date_of_death": None}
    selection = cm.select(registered([row]), EVERYONE, model=every_kind)
    assert selection.to_arrow()["score"].to_pylist() == [None]
    for ask in (selection.explain, selection.waterfall):
        with pytest.raises(InputError, match="objected to risk stratification"):
            ask("p000")
