"""Synthetic registers: published totals met, assumed shapes held, the same people for the same seed."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from casemgmt.dates import as_date
from casemgmt.errors import InputError, PublishError
from casemgmt.register.fields import CONDITIONS, FIELDS
from casemgmt.synthetic import (
    check_against_published,
    condition_age_shares,
    practices,
    published_counts,
    synthesise,
    synthesise_table,
)
from casemgmt.synthetic.ages import age_sex_table, cell_ages, cell_is_female
from casemgmt.synthetic.condition_table import CONDITION_TABLE
from casemgmt.synthetic.conditions import smallest
from casemgmt.synthetic.people import PracticeDraw, draw_practice

ODD = (
    "J84020",  # 16 people
    "E82057",  # 32
    "Y03112",  # 56
    "Y05412",  # 69, all male, mean age of women published as 0
    "Y03051",  # registers larger than the list
    "Y05750",  # more on the learning disability register than people
    "H85691",  # mean age 87
    "E87711",  # mean age 81, 95% male
    "Y04225",  # nearly all over 65, with an IMD score
    "E82620",  # mean age 21
    "E87691",  # students
    "C82670",  # 84% male
    "Y06113",
    "G81689",
    "E87740",
)
SPREAD = tuple(p.code for p in practices("England")[::450])
NATIONAL = tuple(p.code for p in practices("England")[100::250])


@pytest.fixture(scope="module")
def rotherham() -> pa.Table:
    return synthesise_table("03L", "2021-01-01", 0)


@pytest.fixture(scope="module")
def other_seed() -> pa.Table:
    return synthesise_table("03L", "2021-01-01", 1)


@pytest.fixture(scope="module")
def national() -> list[PracticeDraw]:
    return [draw_practice(practices(code)[0], 0) for code in NATIONAL]


def joined(draws: list[PracticeDraw], what) -> np.ndarray:
    return np.concatenate([what(draw) for draw in draws])


def ages_of(table: pa.Table, as_of: str = "2021-01-01") -> np.ndarray:
    from casemgmt.ages import ages

    return ages(table["date_of_birth"].cast(pa.int32()).to_numpy(), as_date(as_of))


def ipc_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    table = table.replace_schema_metadata(None).combine_chunks()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def test_rotherham_has_its_published_practices_and_people(rotherham):
    assert rotherham.num_rows == 265_018
    assert len(rotherham["practice_id"].unique()) == 29


def test_every_published_number_of_rotherham_is_met(rotherham):
    check = check_against_published(rotherham)
    assert check.num_rows == 29 * (2 + 5 + 3 + 20)
    failed = check.filter(pa.compute.invert(check["within"])).to_pylist()
    assert failed == []
    # Better than asked: every register holds exactly what was published.
    registers = check.filter(pa.compute.is_in(check["measure"], pa.array(CONDITIONS)))
    assert registers["published"].equals(registers["synthetic"])


@pytest.mark.parametrize("code", [*ODD, *SPREAD])
def test_every_published_number_of_odd_and_ordinary_practices_is_met(code):
    check = check_against_published(synthesise_table(code)).to_pylist()
    assert [row for row in check if not row["within"]] == []
    assert all(row["synthetic"] == row["feasible"] for row in check if not row["measure"].startswith("mean"))


def test_a_register_larger_than_its_denominator_is_reported_and_filled():
    rows = {row["measure"]: row for row in published_counts("Y03051").to_pylist()}
    assert rows["depression"]["published"] == 442
    assert rows["depression"]["feasible"] == practices("Y03051")[0].aged_18_over
    assert rows["asthma"]["feasible"] == 138
    assert rows["heart_failure"]["published"] == rows["heart_failure"]["feasible"]


def test_a_missing_person_fails_the_check(rotherham):
    check = check_against_published(rotherham.slice(1)).to_pylist()
    assert any(row["measure"] == "list_size" and not row["within"] for row in check)


@pytest.mark.parametrize(
    "step", [pytest.param(11, id="some practices"), pytest.param(1, id="all England", marks=pytest.mark.long)]
)
def test_ages_agree_with_everything_published(step):
    age, female = cell_ages(), cell_is_female()
    for practice in practices("England")[::step]:
        table = age_sex_table(practice)
        counts = table.counts
        assert table.means_met, practice.code
        assert counts.min() >= 0
        assert counts.sum() == practice.list_size
        assert counts[~female].sum() == practice.males
        assert counts[age >= 16].sum() == practice.aged_16_over
        assert counts[age >= 18].sum() == practice.aged_18_over
        assert counts[(age >= 30) & (age <= 74)].sum() == practice.aged_30_74
        assert counts[age >= 50].sum() == practice.aged_50_over
        assert counts[age >= 65].sum() == practice.aged_65_over
        for mean, group in ((practice.mean_age_male, ~female), (practice.mean_age_female, female)):
            people = counts[group].sum()
            if mean is not None and people:
                assert abs((counts * age)[group].sum() / people - mean) < 0.05 + 25 / people, practice.code


def test_mean_ages_that_cannot_hold_give_way_and_counts_do_not():
    from dataclasses import replace

    practice = replace(practices("C87002")[0], mean_age_male=80.0, mean_age_female=80.0, mean_age=80.0)
    table = age_sex_table(practice)
    assert not table.means_met
    assert table.counts.min() >= 0
    assert table.counts.sum() == practice.list_size
    assert table.counts[cell_ages() >= 65].sum() == practice.aged_65_over
    ordinary = age_sex_table(practices("C87002")[0])
    assert (table.counts * cell_ages()).sum() > (ordinary.counts * cell_ages()).sum()


def test_a_practice_has_the_same_bytes_alone_and_within_its_area(rotherham):
    for code in ("C87002", "C87622"):
        alone = synthesise_table(code)
        within = rotherham.filter(pa.compute.equal(rotherham["practice_id"], code))
        assert ipc_bytes(alone) == ipc_bytes(within)


def test_different_seeds_give_different_people(rotherham, other_seed):
    assert rotherham["patient_id"].equals(other_seed["patient_id"])
    for name in ("date_of_birth", "hypertension", "emergency_admissions_12m", "nominated", "care_home_type"):
        assert not rotherham[name].equals(other_seed[name]), name


def test_two_seeds_agree_within_sampling_error(rotherham, other_seed):
    # Five standard errors of the difference of two independent shares, for some ninety shares.
    def shares(table: pa.Table) -> dict[str, tuple[float, int]]:
        old = ages_of(table) >= 65
        found = {}
        for name in CONDITIONS:
            present = table[name].to_numpy()
            found[name] = (present.mean(), present.size)
            found[f"{name} at 65+"] = (old[present].mean(), int(present.sum()))
        flags = {name: table[name].to_numpy() for name in ("nominated", "on_caseload", "objected")}
        for name in ("emergency_admissions_12m", "ae_attendances_12m", "outpatient_attendances_12m"):
            flags[f"any {name}"] = table[name].to_numpy() > 0
        flags["ten consultations"] = table["gp_consultations_12m"].to_numpy() >= 10
        flags["five medicines"] = table["repeat_medicines"].to_numpy() >= 5
        flags["reviewed"] = table["last_review"].is_valid().to_numpy()
        flags["resident"] = pa.compute.not_equal(table["care_home_type"], "none").to_numpy()
        flags["hypertension and diabetes"] = table["hypertension"].to_numpy() & table["diabetes"].to_numpy()
        flags["no ethnicity"] = table["ethnicity"].is_null().to_numpy()
        return found | {name: (flag.mean(), flag.size) for name, flag in flags.items()}

    first, second = shares(rotherham), shares(other_seed)
    for name, (share, people) in first.items():
        other, other_people = second[name]
        pooled = (share + other) / 2
        # Nominations and caseloads are chosen a practice at a time, so 29 practices vary, not 265,018 people.
        spread = 0.005 if name == "nominated" else 0.0
        bound = 5 * np.sqrt(pooled * (1 - pooled) * (1 / people + 1 / other_people)) + spread
        assert abs(share - other) <= bound, name


def test_the_list_date_moves_dates_and_nothing_else():
    first = synthesise_table("C87616", "2021-01-01", 3)
    dates = [field.name for field in first.schema if field.type == pa.date32()]
    for as_of in ("2015-04-01", "2020-02-29", "2021-02-28"):
        moved = synthesise_table("C87616", as_of, 3)
        assert moved.drop(dates).replace_schema_metadata(None).equals(first.drop(dates).replace_schema_metadata(None))
        assert (ages_of(moved, as_of) == ages_of(first)).all()
        assert moved["last_review"].is_null().equals(first["last_review"].is_null())


@pytest.mark.parametrize("as_of", ["2020-02-29", "2021-02-28", "2024-12-31", "2021-01-01"])
def test_no_date_is_impossible(as_of):
    table = synthesise_table("C87002", as_of, 5)
    days = {name: table[name].cast(pa.int32()).to_numpy() for name in ("date_of_birth", "registered_on")}
    today = (as_date(as_of) - as_date("1970-01-01")).days
    assert (days["date_of_birth"] <= days["registered_on"]).all()
    assert days["registered_on"].max() <= today
    assert days["date_of_birth"].min() >= (as_date("1900-01-01") - as_date("1970-01-01")).days
    seen = table["last_review"].is_valid().to_numpy()
    reviewed = table["last_review"].cast(pa.int32()).fill_null(0).to_numpy()
    assert (reviewed[seen] <= today).all()
    assert (reviewed[seen] >= days["registered_on"][seen]).all()


def test_columns_are_the_fields_and_values_are_allowed(rotherham):
    fields = [name for name in FIELDS if name != "age"]
    assert rotherham.schema.names[: len(fields)] == fields
    assert synthesise_table("C87616", outcomes=False).schema.names == fields
    nullable = {"imd_decile", "ethnicity", "care_home_id", "frailty_deficits", "nomination_order", "last_review"}
    nullable |= {"date_of_death", "deregistered_on"}
    for name in fields:
        field, column = FIELDS[name], rotherham[name]
        if name not in nullable:
            assert column.null_count == 0, name
        if field.kind == "integer":
            limits = pa.compute.min_max(column).as_py()
            assert field.least <= limits["min"] <= limits["max"] <= field.most, name
        if field.kind == "category":
            assert set(column.unique().to_pylist()) <= set(field.allowed), name


def test_patient_ids_are_unique_and_never_look_like_nhs_numbers(rotherham):
    assert len(rotherham["patient_id"].unique()) == rotherham.num_rows
    assert pa.compute.all(pa.compute.match_substring_regex(rotherham["patient_id"], r"^[A-Z]\d{5}-\d{6}$")).as_py()
    assert pa.compute.all(
        pa.compute.equal(pa.compute.utf8_slice_codeunits(rotherham["patient_id"], 0, 6), rotherham["practice_id"])
    ).as_py()


def test_the_metadata_says_synthetic(rotherham):
    assert rotherham.schema.metadata[b"casemgmt"] == (
        b'{"area": "03L", "as_of": "2021-01-01", "rows": 265018, "seed": 0, "synthetic": true}'
    )


def test_care_home_rates_are_those_of_ons(national):
    age, resident = joined(national, lambda d: d.age), joined(national, lambda d: d.home) > 0
    assert resident[age >= 65].mean() == pytest.approx(0.025, abs=0.0015)
    assert (age[resident & (age >= 65)] >= 85).mean() == pytest.approx(0.56, abs=0.04)
    assert (age[resident] < 65).mean() == pytest.approx(0.18, abs=0.03)
    assert age[resident].min() >= 18


def test_residents_have_a_home_of_one_type(rotherham):
    resident = pa.compute.not_equal(rotherham["care_home_type"], "none")
    assert resident.equals(rotherham["care_home_id"].is_valid())
    homes = rotherham.filter(resident).select(["practice_id", "care_home_id", "care_home_type"])
    types = homes.group_by("care_home_id").aggregate([("care_home_type", "count_distinct"), ("practice_id", "count")])
    assert types["care_home_type_count_distinct"].to_numpy().max() == 1
    assert types["practice_id_count"].to_numpy().max() < 120


def test_frailty_bands_are_near_the_published_ones(national):
    age, deficits = joined(national, lambda d: d.age), joined(national, lambda d: d.frailty_deficits)
    old = deficits[age >= 65]
    assert ((old >= 5) & (old <= 8)).mean() == pytest.approx(0.33, abs=0.03)
    assert ((old >= 9) & (old <= 12)).mean() == pytest.approx(0.19, abs=0.03)
    assert (old >= 13).mean() == pytest.approx(0.10, abs=0.02)
    assert (deficits[age < 65] == -1).all()
    assert old.min() >= 0
    assert old.max() <= 36


def test_multimorbidity_is_near_barnett(national):
    # Ours are 24 conditions and his 40: wide bands, six in a hundred either way.
    morbidity = joined(national, lambda d: d.morbidity)
    assert (morbidity >= 1).mean() == pytest.approx(0.422, abs=0.06)
    assert (morbidity >= 2).mean() == pytest.approx(0.232, abs=0.06)


def test_conditions_keep_plausible_company_and_ages(national):
    age = joined(national, lambda d: d.age).astype(float)
    has = {name: joined(national, lambda d, name=name: d.conditions[name]) for name in CONDITIONS}
    assert age[has["dementia"]].mean() > 75 > age[has["hypertension"]].mean() > 55 > age[has["asthma"]].mean()
    over_65 = age >= 65
    for one, other in (
        ("heart_failure", "coronary_heart_disease"),
        ("diabetes", "chronic_kidney_disease"),
        ("asthma", "copd"),
        ("depression", "painful_condition"),
    ):
        a, b = has[one][over_65], has[other][over_65]
        assert (a & b).mean() > 1.3 * a.mean() * b.mean(), (one, other)
    assert not (has["rheumatoid_arthritis"] & ~has["connective_tissue_disorder"]).any()
    assert (has["depression"] & has["anxiety_depression"]).sum() / has["depression"].sum() == pytest.approx(
        0.7, abs=0.01
    )


def test_conditions_without_a_register_hold_their_stated_prevalence(national):
    age = joined(national, lambda d: d.age)
    expected = {
        c.name: np.interp(age, range(0, 100, 10), c.curve).mean() for c in CONDITION_TABLE if not c.has_register
    }
    for name in ("painful_condition", "hearing_loss", "irritable_bowel", "constipation", "alcohol_problems"):
        drawn = joined(national, lambda d, name=name: d.conditions[name]).mean()
        assert drawn == pytest.approx(expected[name], rel=0.05), name


def test_emergency_admissions_follow_the_scottish_rates_by_age(national):
    age = joined(national, lambda d: d.age).astype(int)
    admissions = joined(national, lambda d: d.use.emergency_admissions).astype(int)
    scottish = (0.062, 0.043, 0.051, 0.055, 0.061, 0.074, 0.097, 0.160, 0.290, 0.455)
    for decade, rate in enumerate(scottish):
        people = np.minimum(age // 10, 9) == decade
        assert (admissions[people] > 0).mean() == pytest.approx(rate * 0.74 * 0.95, rel=0.15), decade
    for group in (age >= 65, age < 65):
        assert admissions[group & (admissions >= 2)].sum() / admissions[group].sum() == pytest.approx(0.38, abs=0.03)


def test_nominations_stay_within_the_cap_and_are_numbered(rotherham):
    by_practice = rotherham.group_by("practice_id").aggregate(
        [
            ("nominated", "sum"),
            ("patient_id", "count"),
            ("nomination_order", "max"),
            ("nomination_order", "count_distinct"),
        ]
    )
    for row in by_practice.to_pylist():
        assert 0 < row["nominated_sum"] <= row["patient_id_count"] * 2 // 100
        assert row["nomination_order_max"] == row["nominated_sum"]
    assert rotherham["nomination_order"].is_valid().equals(rotherham["nominated"])
    assert rotherham["objected"].to_numpy().mean() == pytest.approx(0.01, abs=0.002)


def test_deprivation_is_a_rank_of_practices(rotherham):
    deciles = [practice.imd_decile for practice in practices("England") if practice.imd_decile is not None]
    shares = np.bincount(deciles, minlength=11)[1:] / len(deciles)
    assert shares == pytest.approx(np.full(10, 0.1), abs=0.001)
    scores = {p.imd_score_2019: p.imd_decile for p in practices("England") if p.imd_score_2019 is not None}
    assert scores[max(scores)] == 1
    assert scores[min(scores)] == 10
    assert synthesise_table("E82057")["imd_decile"].null_count == 32
    assert rotherham["imd_decile"].null_count == 0


def test_the_smallest_keys_are_chosen_and_ties_keep_their_order():
    keys = np.array([3, 1, 2, 1, 1], dtype=np.float32)
    assert smallest(keys, 0).tolist() == [False] * 5
    assert smallest(keys, 2).tolist() == [False, True, False, True, False]
    assert smallest(keys, 4).tolist() == [False, True, True, True, True]
    assert smallest(keys, 9).tolist() == [True] * 5


def test_an_unknown_area_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"'03l'\. Did you mean '03L'"):
        synthesise_table("03l")
    with pytest.raises(InputError, match="Did you mean 'England'"):
        synthesise_table("Englnd")
    with pytest.raises(InputError, match="Give a CCG code"):
        practices("")


@pytest.mark.parametrize("seed", [-1, 1.5, True, "0"])
def test_a_seed_that_is_no_whole_number_is_refused(seed):
    with pytest.raises(InputError, match="seed"):
        synthesise_table("C87616", seed=seed)


def test_a_list_date_too_early_for_the_oldest_is_refused():
    with pytest.raises(InputError, match="2006-01-01"):
        synthesise_table("C87616", "2005-12-31")


def test_a_streamed_file_holds_the_same_people(rotherham, tmp_path):
    steps = []
    path = synthesise("03L", to=tmp_path / "rotherham.parquet", progress=lambda done, all_: steps.append((done, all_)))
    assert steps == [(done, 29) for done in range(1, 30)]
    written = pq.read_table(path)
    assert written.equals(rotherham)
    assert json.loads(written.schema.metadata[b"casemgmt"])["synthetic"] is True
    assert pq.ParquetFile(path).num_row_groups > 1
    assert condition_age_shares(path).equals(condition_age_shares(rotherham))


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "register.parquet"
    path.write_bytes(b"before")

    def stop(done: int, _: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(PublishError, match="No space left"):
        synthesise("C87616", to=path, progress=stop)
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["register.parquet"]
    with pytest.raises(PublishError):
        synthesise("C87616", to=tmp_path / "no such folder" / "register.parquet")


def test_a_register_is_read_whole():
    register = synthesise("C87616", "2021-01-01", 0)
    assert register.quarantine.num_rows == 0
    assert register.corrections.num_rows == 0


def test_age_shares_of_all_conditions_are_marked_as_assumptions(rotherham):
    shares = condition_age_shares(rotherham)
    assert shares.schema.names == ["condition", "registered", "share_aged_65_over", "basis"]
    assert shares["condition"].to_pylist() == list(CONDITIONS)
    assert set(shares["basis"].to_pylist()) == {"assumption"}
    by_name = {row["condition"]: row for row in shares.to_pylist()}
    assert by_name["dementia"]["share_aged_65_over"] > 0.9
    assert by_name["depression"]["share_aged_65_over"] < 0.3


def test_the_written_assumptions_are_those_of_the_code():
    text = (files("casemgmt.synthetic") / "assumptions.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip(): line.split("|") for line in text.splitlines() if line.startswith("| ")}
    assert {c.name for c in CONDITION_TABLE} == set(CONDITIONS)
    for condition in CONDITION_TABLE:
        row = [cell.strip() for cell in rows[condition.name]]
        assert row[4] == " ".join(f"{value:g}" for value in condition.curve), condition.name
        assert row[5:7] == [f"{condition.female:g}", f"{condition.frailty:g}"], condition.name
        assert row[7] == (", ".join(f"{name} ×{ratio:g}" for name, ratio in condition.company) or "–"), condition.name


def test_the_written_rates_of_use_are_those_of_the_code():
    from casemgmt.synthetic.assumptions import USE

    text = (files("casemgmt.synthetic") / "assumptions.md").read_text(encoding="utf-8")
    lines = {line.split("|")[1].strip().lower(): line for line in text.splitlines() if line.startswith("| ")}
    for name, use in USE.items():
        line = lines[name.replace("_", " ").replace("ae ", "a&e ")].replace("×", " ").replace(";", " ")
        written = [float(word) for word in line.split() if word.replace(".", "", 1).isdigit()]
        assert written[: len(use.rate)] == list(use.rate), name
        assert f"{use.frailty:g} frailty + {use.morbidity:g} conditions" in line, name


def test_the_tables_ship_with_their_licences():
    folder = files("casemgmt.synthetic") / "data"
    text = (folder / "LICENCES.txt").read_text(encoding="utf-8")
    for needed in ("Open Government Licence v3.0", "Open Parliament Licence v3.0", "england_practices_2019_20.csv"):
        assert needed in text
    assert len(practices()) == 6720
    assert sum(practice.list_size for practice in practices()) == 60_407_685
