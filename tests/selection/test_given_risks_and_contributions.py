"""Scores of anybody's model come with their risks and reasons: beside the right patients, adding up, or refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registers import read_scheme, scheme_text

import casemgmt as cm
from casemgmt.errors import InputError
from casemgmt.outputs.manifest import read_manifest

AS_OF = "2015-04-01"
TOP = 'name = "highest"\nkind = "top_share"\nshare = "10%"\nlimit = "at_most"\nof = {}\namong = {}\n'
TOP += 'counts_as = "case_management"'
BAND = 'name = "band"\nkind = "band"\non = "risk"\nat_least = "0.2"\nbelow = "0.3"\nwhere = {}\n'
BAND += 'counts_as = "case_management"'
INPUTS = ["heart_failure", "emergency_admissions_12m", "my_index"]
SIZE = 120


def a_table(seed: int = 1, size: int = SIZE) -> pa.Table:
    draw = np.random.default_rng(seed)
    return pa.table(
        {
            "patient_id": [f"p{i:04d}" for i in range(size)],
            "practice_id": [f"C8700{1 + i % 3}" for i in range(size)],
            "age": draw.integers(20, 95, size),
            "heart_failure": draw.random(size) < 0.3,
            "emergency_admissions_12m": draw.integers(0, 5, size),
            "my_index": draw.normal(size=size).round(2),
            "objected": [i == 7 for i in range(size)],
        }
    )


def explained(table: pa.Table, base: float = -2.0) -> pd.DataFrame:
    """Contributions of a logistic model, log-odds and risks, one row a patient."""
    frame = pd.DataFrame(
        {
            "heart_failure": np.where(table["heart_failure"], 0.9, -0.1),
            "emergency_admissions_12m": 0.45 * np.asarray(table["emergency_admissions_12m"]),
            "my_index": 0.3 * np.asarray(table["my_index"]),
        }
    )
    score = base + frame.sum(axis=1)
    return frame.assign(score=score, risk=1 / (1 + np.exp(-score)), patient_id=table["patient_id"].to_pylist())


def read(table: pa.Table) -> Any:
    return cm.read_register(table, as_of=AS_OF)


def scheme(*routes: str) -> Any:
    return read_scheme(scheme_text(routes))


# Risks


@pytest.mark.parametrize("form", ["column", "array", "list", "series", "mapping", "frame", "polars"])
def test_risks_come_in_every_form_that_scores_come_in(form):
    table = a_table()
    told = explained(table)
    forms = {
        "column": "my_risk",
        "array": told["risk"].to_numpy(),
        "list": told["risk"].tolist(),
        "series": told["risk"].sample(frac=1, random_state=1),
        "mapping": dict(zip(told["patient_id"], told["risk"], strict=True)),
        "frame": told[["risk", "patient_id"]].iloc[::-1],
        "polars": pl.DataFrame(told[["patient_id", "risk"]].iloc[::-1].to_dict("list")),
    }
    register = read(table.append_column("my_risk", pa.array(told["risk"])))
    made = cm.select(register, scheme(TOP), score=told["score"].to_numpy(), risk=forms[form]).to_arrow()
    risk_of = dict(zip(told["patient_id"], told["risk"], strict=True))
    assert made.num_rows > 5
    assert made["risk"].to_pylist() == [risk_of[patient] for patient in made["patient_id"].to_pylist()]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_a_band_on_risk_takes_whose_given_risk_is_inside_though_it_does_not_rise_with_the_score(seed, tied):
    draw = np.random.default_rng(seed)
    table = a_table(seed % 5)
    score = draw.integers(0, 4, SIZE).astype(float) if tied else draw.normal(size=SIZE)
    risk = draw.choice([0.1, 0.2, 0.25, 0.29999, 0.3, 0.9], SIZE)
    nothing = draw.random(SIZE) < 0.1
    score[nothing], risk[nothing] = np.nan, np.nan
    made = cm.select(read(table), scheme(TOP, BAND), score=score, risk=risk).to_arrow()
    expected = {i for i in range(SIZE) if 0.2 <= risk[i] < 0.3 and i != 7}
    found = {int(row["patient_id"][1:]) for row in made.to_pylist() if row["band"]}
    assert found == expected
    alone = cm.select(read(table), scheme(TOP), score=score).to_arrow()
    top = [row["patient_id"] for row in made.to_pylist() if row["highest"]]
    assert top == alone["patient_id"].to_pylist()  # what ranks is the score, as it was


def test_without_risks_a_band_on_risk_still_reads_the_scores_as_risks():
    table = a_table()
    told = explained(table)
    by_score = cm.select(read(table), scheme(BAND), score=told["risk"].to_numpy()).to_arrow()
    beside = cm.select(read(table), scheme(BAND), score=told["score"].to_numpy(), risk=told["risk"].to_numpy())
    assert beside.to_arrow()["patient_id"].equals(by_score["patient_id"])
    assert beside.to_arrow()["risk"].equals(by_score["risk"])
    with pytest.raises(InputError, match="as risk="):
        cm.select(read(table), scheme(BAND), score=told["score"].to_numpy())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda score, risk: risk.__setitem__(slice(0, 5), 40.0), "5 values outside 0 to 1.*by 100"),
        (lambda score, risk: risk.__setitem__(3, math.inf), "1 value outside 0 to 1"),
        (lambda score, risk: risk.__setitem__(slice(0, 4), math.nan), "no value for 4 patients with a score"),
        (lambda score, risk: score.__setitem__(slice(0, 6), math.nan), "value for 6 patients without a score"),
    ],
)
def test_risks_that_contradict_the_scores_are_refused_with_their_number(change, words):
    table = a_table()
    told = explained(table)
    score, risk = told["score"].to_numpy().copy(), told["risk"].to_numpy().copy()
    change(score, risk)
    with pytest.raises(InputError, match=words):
        cm.select(read(table), scheme(TOP), score=score, risk=risk)


def test_what_is_given_of_those_who_objected_is_neither_looked_at_nor_shown():
    table = a_table()
    told = explained(table)
    score, risk = told["score"].to_numpy().copy(), told["risk"].to_numpy().copy()
    score[7], risk[7] = 99.0, 17.0
    everyone = 'name = "all"\nkind = "everyone"\nwhere = { age = { at_least = 0 } }\ncounts_as = "case_management"'
    frame = told[[*INPUTS, "patient_id"]]
    made = cm.select(read(table), scheme(TOP, everyone), score=score, risk=risk, contributions=frame)
    row = next(row for row in made.to_arrow().to_pylist() if row["patient_id"] == "p0007")
    assert [row[name] for name in ("score", "risk", "rank", "reason_1")] == [None] * 4
    for ask in (made.explain, made.waterfall):
        with pytest.raises(InputError, match="objected"):
            ask("p0007")
    named = read(table.append_column("s", pa.array(score)).append_column("r", pa.array(risk)))
    shown = cm.select(named, scheme(TOP, everyone), score="s", risk="r").to_arrow(include=["s", "r"]).to_pylist()
    objecting = next(row for row in shown if row["patient_id"] == "p0007")
    assert objecting["register_s"] is None and objecting["register_r"] is None


# Contributions


@pytest.mark.parametrize("form", ["by id", "by index", "polars by id", "arrow by id", "in source order", "with base"])
def test_reasons_are_the_largest_contributions_of_each_patient_in_words(form):
    table = a_table()
    told = explained(table)
    given_as = {
        "by id": told[[*INPUTS, "patient_id"]].sample(frac=1, random_state=2),
        "by index": told[INPUTS].sample(frac=1, random_state=3),
        "polars by id": pl.DataFrame(told[["patient_id", *INPUTS]].iloc[::-1].to_dict("list")),
        "arrow by id": pa.Table.from_pandas(told[["patient_id", *INPUTS]], preserve_index=False),
        "in source order": pa.Table.from_pandas(told[INPUTS], preserve_index=False),
        "with base": told[[*INPUTS, "patient_id"]].assign(base=-2.0),
    }
    how = {"score": told["score"].to_numpy(), "contributions": given_as[form]}
    made = cm.select(read(table), scheme(TOP), **how)
    rows = made.to_arrow().to_pylist()
    assert len(rows) > 5
    source = {row["patient_id"]: row for row in table.to_pylist()}
    for row in rows:
        own, patient = told[told["patient_id"] == row["patient_id"]].iloc[0], source[row["patient_id"]]
        largest = sorted((name for name in INPUTS if own[name] > 0), key=lambda name: -own[name])
        reasons = [row[f"reason_{n}"] for n in (1, 2, 3)]
        assert [reason is not None for reason in reasons] == [n < len(largest) for n in range(3)]
        for name, reason in zip(largest, reasons, strict=False):
            words = {
                "heart_failure": "Living with heart failure",
                "emergency_admissions_12m": f"{patient[INPUTS[1]]} emergency admission",
                "my_index": f"My index: {patient['my_index']:g}",
            }[name]
            assert reason.startswith(words)
            assert reason.endswith(f": adds {own[name]:.2g} to the score")
    with_odds = cm.select(read(table), scheme(TOP), **how, risk=told["risk"].to_numpy()).to_arrow()
    first, score = with_odds["reason_1"][0].as_py(), told.set_index("patient_id").loc[rows[0]["patient_id"]]
    factor = math.exp(max(score[INPUTS]))
    assert first.endswith(f": odds × {factor:.1f}") or first.endswith(f": odds × {factor:.0f}")


def test_a_factor_beyond_all_measure_is_not_written_out():
    table = a_table()
    told = explained(table).assign(my_index=0.0)
    told.loc[3, "my_index"] = 1e7
    score = told[INPUTS].sum(axis=1)
    risk = 1 / (1 + np.exp(-score.clip(-700, 700)))
    made = cm.select(read(table), scheme(TOP), score=score, risk=risk, contributions=told[INPUTS]).to_arrow()
    reasons = dict(zip(made["patient_id"].to_pylist(), made["reason_1"].to_pylist(), strict=True))
    assert reasons["p0003"].endswith(": odds × more than 1,000,000")


def test_an_explanation_adds_up_to_the_score_and_is_drawn():
    table = a_table()
    told = explained(table).set_index("patient_id")
    made = cm.select(read(table), scheme(TOP), score=told["score"].to_numpy(), contributions=told[INPUTS])
    patient = made.to_arrow()["patient_id"][0].as_py()
    shown = made.explain(patient)
    assert shown["input"][0].as_py() == "base" and sorted(shown["input"].to_pylist()[1:]) == sorted(INPUTS)
    assert sum(shown["contribution"].to_pylist()) == pytest.approx(told.loc[patient, "score"], abs=1e-12)
    assert shown["difference"].to_pylist()[1:] == sorted(shown["difference"].to_pylist()[1:], reverse=True)
    assert shown["missing"].to_pylist() == [False] * 4
    axes = made.waterfall(patient)
    assert axes.get_yticklabels()[0].get_text() == "Where everyone starts"
    assert axes.get_xlabel().startswith("score")
    import matplotlib.pyplot as plt

    plt.close("all")


def test_missing_values_of_an_input_are_said_to_be_missing():
    table = a_table()
    admissions = [None if i < 40 else n for i, n in enumerate(table["emergency_admissions_12m"].to_pylist())]
    table = table.set_column(4, "emergency_admissions_12m", pa.array(admissions))
    told = explained(a_table()).assign(emergency_admissions_12m=5.0)
    told["score"] = told[INPUTS].sum(axis=1)
    made = cm.select(read(table), scheme(TOP), score=told["score"].to_numpy(), contributions=told[INPUTS])
    reasons = {r["patient_id"]: r["reason_1"] for r in made.to_arrow().to_pylist()}
    assert any(int(patient[1:]) < 40 for patient in reasons)
    for patient, reason in reasons.items():
        unknown = reason.startswith("Emergency admissions in the last 12 months not recorded: adds 5 ")
        assert unknown == (int(patient[1:]) < 40)
        shown = made.explain(patient)
        missing = dict(zip(shown["input"].to_pylist(), shown["missing"].to_pylist(), strict=True))
        assert missing == {"base": False, **dict.fromkeys(INPUTS, False), INPUTS[1]: int(patient[1:]) < 40}


def test_contributions_of_some_patients_give_reasons_to_them_and_the_others_are_counted(tmp_path):
    table = a_table()
    told = explained(table)
    first = cm.select(read(table), scheme(TOP), score=told["score"].to_numpy()).to_arrow()["patient_id"].to_pylist()
    some = told[told["patient_id"].isin(first[:-2])][[*INPUTS, "patient_id"]].assign(base=-2.0)
    made = cm.select(
        read(table), scheme(TOP), score=told["score"].to_numpy(), risk=told["risk"].to_numpy(), contributions=some
    )
    assert [reason is None for reason in made.to_arrow()["reason_1"].to_pylist()] == [i in first[-2:] for i in first]
    given_facts = {"risks": True, "contributions": {"inputs": INPUTS, "selected_without": 2}}
    assert made.facts["given"] == given_facts
    with pytest.raises(InputError, match="nothing of that patient"):
        made.explain(first[-1])
    folder = made.save(tmp_path / "out")
    assert read_manifest((folder / "manifest.json").read_bytes())["facts"]["given"] == given_facts
    back = cm.load_selection(folder)
    assert back.to_arrow().equals(made.to_arrow())
    assert back.facts == made.facts
    assert "given" not in cm.select(read(table), scheme(TOP), score=told["score"].to_numpy()).facts


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda f: f.assign(my_index=f["my_index"] + 0.01 * (f.index % 2)),
            "does not add up to the score of .* of 119",
        ),
        (lambda f: f.assign(base=-1.0), "does not add up to the score of 119 patients.*largest difference is 1"),
        (lambda f: f.assign(my_index=f["my_index"].where(f.index != 9)), "'my_index'.*1 value missing"),
        (lambda f: f.drop(columns=INPUTS), "no column of an input"),
        (lambda f: f.rename(columns={"my_index": "heart_failure"}), "two columns of one name: 'heart_failure'"),
        (lambda f: f.rename(columns={"my_index": 3}), "1 column without a name that is text"),
        (lambda f: f.assign(patient_id=[*f["patient_id"][:-1], "p0000"]), "1 contribution whose patient_id was given"),
        (lambda f: f.assign(patient_id=[f"x{i}" for i in range(len(f))]), "not one of them"),
        (lambda f: f.assign(my_index=[f"{n}%" for n in f["my_index"]]), "'my_index' of contributions= holds something"),
        (lambda f: f[INPUTS].reset_index(drop=True).iloc[:50], "numbered from 0"),
        (lambda f: f[INPUTS].to_numpy(), "one column an input, named"),
        (lambda f: f["my_index"], "one column an input, named"),
        (lambda f: pa.Table.from_pandas(f[INPUTS], preserve_index=False).slice(0, 50), "one value a source row"),
        (lambda f: pl.DataFrame(f[INPUTS].to_dict("list")).lazy(), "lazy frame"),
        (lambda f: f.head(5), "no column base, and 5 patients"),
    ],
)
def test_contributions_that_cannot_be_right_are_refused_in_words(change, words):
    table = a_table()
    told = explained(table)
    with pytest.raises(InputError, match=words):
        cm.select(
            read(table),
            scheme(TOP),
            score=told["score"].to_numpy(),
            contributions=change(told[[*INPUTS, "patient_id"]]),
        )


def test_log_odds_beside_risks_are_told_from_a_slip():
    table = a_table()
    told = explained(table)
    with pytest.raises(InputError, match=r"log-odds of the score: rank by those.*score=log_odds, risk=probability"):
        cm.select(read(table), scheme(TOP), score=told["risk"].to_numpy(), contributions=told[INPUTS])


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.sampled_from([np.float32, np.float64]))
def test_shap_values_in_single_precision_add_up_and_a_swapped_row_does_not(seed, inputs, kind):
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(SIZE, inputs)).astype(kind)
    frame = pd.DataFrame(values, columns=[f"x{i}" for i in range(inputs)])
    score = values.astype(np.float64).sum(axis=1) + 0.25
    made = cm.select(read(a_table()), scheme(TOP), score=score.astype(kind), contributions=frame)
    assert None not in made.to_arrow()["reason_1"].to_pylist()
    with pytest.raises(InputError, match="does not add up"):
        cm.select(read(a_table()), scheme(TOP), score=score, contributions=frame.iloc[::-1].reset_index(drop=True))


@pytest.mark.parametrize("order", ["reversed", "shuffled"])
def test_the_table_does_not_depend_on_the_order_of_rows(order):
    table = a_table()
    told = explained(table)
    rows = np.arange(SIZE)[::-1] if order == "reversed" else np.random.default_rng(4).permutation(SIZE)
    keyed = {name: told[[name, "patient_id"]] for name in ("score", "risk")}
    how = {**keyed, "contributions": told[[*INPUTS, "patient_id"]]}
    assert (
        cm.select(read(table.take(rows)), scheme(TOP, BAND), **how)
        .to_arrow()
        .equals(cm.select(read(table), scheme(TOP, BAND), **how).to_arrow())
    )


def test_they_belong_to_given_scores_alone():
    table = a_table()
    told = explained(table)
    for name, value in (("risk", told["risk"].to_numpy()), ("contributions", told[INPUTS])):
        with pytest.raises(InputError, match=f"{name}= stands beside score="):
            cm.select(read(table), scheme(TOP), model=cm.load_model("cambridge-multimorbidity-20"), **{name: value})
    with pytest.raises(InputError, match="Leave reference out"):
        cm.select(
            read(table),
            scheme(TOP),
            score=told["score"].to_numpy(),
            contributions=told[INPUTS],
            reference="practice",
        )


# Read a part at a time


@pytest.mark.parametrize("packed", [False, True])
def test_a_scanned_register_gives_the_same_rows_by_column_and_by_id(packed, tmp_path):
    table = a_table(size=600)
    told = explained(table)
    table = table.append_column("s", pa.array(told["score"])).append_column("r", pa.array(told["risk"]))
    pq.write_table(table, tmp_path / "r.parquet", row_group_size=70)
    whole = cm.read_register(tmp_path / "r.parquet", as_of=AS_OF)
    where = whole.save_packed(tmp_path / "packed.parquet") if packed else tmp_path / "r.parquet"
    keyed = {name: told[[name, "patient_id"]] for name in ("score", "risk")}
    contributions = told[[*INPUTS, "patient_id"]].sample(frac=1, random_state=1)
    for how in ({"score": "s", "risk": "r"}, keyed, {"score": "s", "risk": keyed["risk"]}):
        expected = cm.select(whole, scheme(TOP, BAND), **how, contributions=contributions)
        found = cm.select(cm.scan_register(where, as_of=AS_OF), scheme(TOP, BAND), **how, contributions=contributions)
        assert found.to_arrow().equals(expected.to_arrow())
        assert found.to_arrow()["band"].to_pylist().count(True) > 10
    patient = found.to_arrow()["patient_id"][0].as_py()
    assert found.explain(patient).equals(expected.explain(patient))
    with pytest.raises(InputError, match="risk= must be the name of a carried column"):
        cm.select(cm.scan_register(where, as_of=AS_OF), scheme(TOP), score="s", risk=told["risk"].to_numpy())
    with pytest.raises(InputError, match="must say whose they are"):
        cm.select(cm.scan_register(where, as_of=AS_OF), scheme(TOP), score="s", contributions=told[INPUTS])
    wrong = keyed["risk"].assign(risk=told["risk"] * 100)
    with pytest.raises(InputError, match="outside 0 to 1"):
        cm.select(cm.scan_register(where, as_of=AS_OF), scheme(TOP), score="s", risk=wrong)


def test_a_band_on_given_risks_is_followed_from_one_list_to_the_next():
    table = a_table()
    told = explained(table)
    higher = told["risk"].to_numpy().copy()
    moved = int(np.flatnonzero(higher < 0.15)[0])
    higher[moved] = 0.25
    before, after = (
        cm.select(read(table), scheme(BAND), score=told["score"].to_numpy(), risk=risk)
        for risk in (told["risk"].to_numpy(), higher)
    )
    changes = [row for row in cm.compare(before, after).changes.to_pylist() if row["change"] != "stayer"]
    assert {(row["patient_id"], row["change"]) for row in changes} == {(f"p{moved:04d}", "joiner")}


@pytest.mark.parametrize("scale", [1.0, 1e200])
def test_risks_that_fall_as_the_score_rises_are_refused_in_one_piece_and_in_parts(scale):
    from casemgmt.selection.risks import FaultyRisks, faulty_risks

    random = np.random.default_rng(1)
    scores = random.normal(-2, 1, 300)
    risks, ranked = 1 / (1 + np.exp(-scores)), np.ones(300, dtype=bool)
    faulty_risks(scores * scale, risks, ranked).refuse()
    faulty_risks(scores[:20], 1 - risks[:20], ranked[:20]).refuse()  # too few to tell
    parts = [slice(0, 100), slice(100, 300)]
    turned = [faulty_risks(scores * scale, 1 - risks, ranked)]
    each = [faulty_risks(scores[part] * scale, 1 - risks[part], ranked[part]) for part in parts]
    turned.append(FaultyRisks(*map(sum, zip(*each, strict=True))))
    for found in turned:
        if scale == 1.0:
            with pytest.raises(cm.InputError, match="falls as the score rises"):
                found.refuse()
        else:
            found.refuse()
