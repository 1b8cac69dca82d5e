"""A register from its parts: nobody lost, nobody added, strangers listed; and the Synthea patients, by hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

import casemgmt as cm
from casemgmt.codes.codelist import Entry
from casemgmt.codes.events import Events

D = dt.date
AS_OF = D(2024, 2, 1)
LIST = cm.CodeList(
    name="test", system="icd10", entries=(Entry("I21", "coronary_heart_disease", "prefix"), Entry("E11", "own_flag"))
)
PEOPLE = pa.table(
    {
        "patient_id": ["a", "b", "c", "c", None],
        "practice_id": ["Y99999"] * 5,
        "age": [80, 70, 60, 60, 50],
        "note": ["x", "y", "z", "z", "w"],
    }
)
EVENTS = pa.table(
    {"patient_id": ["a", "q", "q", "b"], "code": ["I21", "I21", "Z00", "E11"], "date": [D(2020, 1, 1)] * 4}
)
EPISODES = pa.table({"patient_id": ["b", "r"], "admission_date": [D(2024, 1, 1)] * 2, "admission_method": ["21", "21"]})


def test_records_join_the_list_and_the_list_alone_says_who_is_on_it():
    register = cm.build_register(PEOPLE, EVENTS, EPISODES, as_of=AS_OF, codelists=LIST)
    rows = register.to_arrow().to_pylist()
    assert [(row["patient_id"], row["coronary_heart_disease"], row["own_flag"]) for row in rows] == [
        ("a", True, False),
        ("b", False, True),
        ("c", False, False),
    ]
    assert [(row["emergency_admissions_12m"], row["admissions_12m"]) for row in rows] == [(0, 0), (1, 1), (0, 0)]
    assert (register.rows_in, len(register), register.merged, register.quarantine.num_rows) == (5, 3, 1, 1)


def test_patients_of_the_records_who_are_on_no_list_are_listed_with_their_rows():
    register = cm.build_register(PEOPLE, EVENTS, EPISODES, as_of=AS_OF, codelists=LIST)
    assert register.unknown.to_pylist() == [
        {"records": "events", "patient_id": "q", "rows": 2},
        {"records": "episodes", "patient_id": "r", "rows": None},
    ]


def test_every_row_of_every_source_is_in_the_account():
    register = cm.build_register(PEOPLE, EVENTS, EPISODES, as_of=AS_OF, codelists=LIST)
    account = {}
    for row in register.account.to_pylist():
        account.setdefault((row["records"], row["source"]), {})[row["fate"]] = row["rows"]
    assert set(account) == {("demographics", ""), ("events", "icd10"), ("episodes", "inpatient")}
    for fates in account.values():
        assert fates.pop("rows in") == sum(fates.values())


def test_a_list_without_records_is_a_register_and_one_with_what_was_derived_before_is_the_same():
    alone = cm.build_register(PEOPLE, as_of=AS_OF)
    assert alone.to_arrow() == cm.read_register(PEOPLE, as_of=AS_OF).to_arrow()
    assert (alone.derived, alone.admissions, alone.unknown.num_rows) == (None, None, 0)
    derived = cm.derive_conditions(EVENTS, LIST, as_of=AS_OF)
    admissions = cm.count_admissions(EPISODES, as_of=AS_OF)
    before = cm.build_register(PEOPLE, derived, admissions, as_of=AS_OF)
    assert before.to_arrow() == cm.build_register(PEOPLE, EVENTS, EPISODES, as_of=AS_OF, codelists=LIST).to_arrow()
    assert before.derived is derived and before.admissions is admissions


def test_a_built_register_is_selected_from_and_scored_as_any_other():
    register = cm.build_register(PEOPLE, EVENTS, EPISODES, as_of=AS_OF, codelists=LIST)
    scheme = cm.load_scheme("prism-top-half-percent")
    selection = cm.select(register, scheme, score="emergency_admissions_12m")
    assert selection.summary().to_pylist()[0]["list_size"] == 3


def test_numbers_as_ids_of_records_meet_the_text_of_the_list():
    people = pa.table({"patient_id": ["1", "2"], "practice_id": ["Y99999"] * 2, "age": [80, 70]})
    events = pa.table({"patient_id": [2, 3], "code": ["I21", "I21"], "date": [AS_OF] * 2})
    register = cm.build_register(people, events, as_of=AS_OF, codelists=LIST)
    assert register.column("coronary_heart_disease").to_pylist() == [False, True]
    assert register.unknown.column("patient_id").to_pylist() == ["3"]


def test_a_file_with_a_broken_line_keeps_its_places(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("patient_id,practice_id,age\na,Y99999,80\nb,Y99999\nc,Y99999,x\n")
    register = cm.build_register(path, EVENTS, as_of=AS_OF, codelists=LIST)
    assert register.rows_in == 3
    assert register.quarantine.column("source_row").to_pylist() == [1]
    assert register.corrections.column("source_row").to_pylist() == [2]
    assert register.parts[0].name == "people.csv"


def test_the_rows_of_a_pandas_frame_keep_their_index():
    people = PEOPLE.to_pandas().set_index(pd.Index([5, 6, 7, 8, 9]))
    register = cm.build_register(people, EVENTS, as_of=AS_OF, codelists=LIST)
    assert list(register.index) == [5, 6, 7, 8, 9]


@pytest.mark.parametrize(
    ("people", "options", "message"),
    [
        (
            PEOPLE.append_column("own_flag", pa.array([True] * 5)),
            {"codelists": LIST},
            "1 column in the demographics and made",
        ),
        (PEOPLE, {}, "events= needs codelists="),
        (PEOPLE.drop_columns(["patient_id"]), {"codelists": LIST}, "'patient_id' is missing"),
    ],
)
def test_parts_that_do_not_fit_are_refused(people, options, message):
    with pytest.raises(cm.InputError, match=message):
        cm.build_register(people, EVENTS, as_of=AS_OF, **options)


# --- Synthea's 27 patients -----------------------------------------------------------------------------------------

SYNTHEA = Path(__file__).parents[2] / "examples" / "synthea"
TIME = "%Y-%m-%dT%H:%M:%SZ"
CODED = {"PATIENT": "patient_id", "CODE": "code", "START": "date"}
# The score's conditions that no term of this export names.
ABSENT = (
    *("anxiety_depression", "hearing_loss", "irritable_bowel", "diabetes", "chronic_kidney_disease"),
    *("atrial_fibrillation", "constipation", "stroke_tia", "connective_tissue_disorder", "cancer", "heart_failure"),
    *("dementia", "psychosis_bipolar", "epilepsy"),
)


@pytest.fixture(scope="module")
def synthea():
    people = pd.read_csv(SYNTHEA / "patients.csv", dtype=str)[["Id", "BIRTHDATE", "DEATHDATE", "GENDER"]]
    people["practice_id"] = "Y99999"
    encounters = pd.read_csv(SYNTHEA / "encounters.csv", dtype=str)

    def of(kind, **columns):
        rows = encounters[encounters["ENCOUNTERCLASS"] == kind].assign(**columns)
        day = "admission_date" if columns else "attendance_date"
        return Events(rows, columns={"PATIENT": "patient_id", "START": day}, date_format=TIME)

    return cm.build_register(
        people,
        {
            "snomedct": Events(SYNTHEA / "conditions.csv", columns=CODED),
            "rxnorm": Events(SYNTHEA / "medications.csv", columns=CODED, date_format=TIME),
        },
        {"inpatient": of("inpatient", admission_method="99"), "ae": of("emergency"), "outpatient": of("outpatient")},
        as_of=AS_OF,
        codelists=[SYNTHEA / "codelists" / "synthea-conditions.csv", SYNTHEA / "codelists" / "synthea-inhalers.csv"],
        rules=SYNTHEA / "rules.toml",
        absent=ABSENT,
        columns={"Id": "patient_id", "BIRTHDATE": "date_of_birth", "DEATHDATE": "date_of_death", "GENDER": "sex"},
    )


def test_synthea_is_a_practice_of_27_people_of_whom_two_have_died(synthea):
    assert (synthea.rows_in, len(synthea), synthea.practices) == (27, 27, ("Y99999",))
    assert synthea.column("date_of_death").null_count == 25
    assert synthea.unknown.num_rows == 0


def test_every_row_of_synthea_is_accounted_for(synthea):
    # Rows in are the lines of each file less its header; of encounters, those of the class.
    assert synthea.derived.account.to_pylist() == [
        {
            **{"system": "snomedct", "rows_in": 438, "used": 26, "outside_lookback": 0, "after_as_of": 0, "undated": 0},
            **{"unmapped": 408, "malformed": 4, "without_code": 0, "without_patient": 0, "unsplit": 0},
        },
        {
            **{"system": "rxnorm", "rows_in": 663, "used": 4, "outside_lookback": 111, "after_as_of": 0, "undated": 0},
            **{"unmapped": 548, "malformed": 0, "without_code": 0, "without_patient": 0, "unsplit": 0},
        },
    ]
    assert synthea.admissions.account.column("rows_in").to_pylist() == [11, 17, 52]
    for account in (synthea.derived.account, synthea.admissions.account):
        for row in account.to_pylist():
            assert row["rows_in"] == sum(
                count for name, count in row.items() if name not in {"system", "kind", "rows_in"}
            )


def test_the_four_rows_with_a_damaged_snomed_id_are_reported(synthea):
    rows = synthea.derived.report.to_pylist()
    reason = "the check digit is wrong: a digit was changed, lost or swapped"
    assert rows == [
        {"system": "snomedct", "source_row": row, "field": "code", "reason": reason} for row in (96, 132, 136, 137)
    ]
    lines = (SYNTHEA / "conditions.csv").read_text().splitlines()[1:]
    assert [row for row, line in enumerate(lines) if ",10939881000119104," in line] == [96, 132, 136, 137]


def test_the_list_of_unmapped_codes_begins_with_the_most_frequent(synthea):
    assert synthea.derived.unmapped.to_pylist()[0] == {
        "system": "snomedct",
        "code": "160903007",
        "rows": 186,
        "note": None,
    }
    assert sum(synthea.derived.unmapped.column("rows").to_pylist()) == 408 + 548


def by_patient(register, name):
    people = zip(register.column("patient_id").to_pylist(), register.column(name).to_pylist(), strict=True)
    return {patient[:8] for patient, has in people if has}


def test_the_conditions_of_synthea_are_those_read_out_of_the_files_by_hand(synthea):
    assert by_patient(synthea, "hypertension") == {
        *("5a595dfb", "280ee8b5", "61cd0a27", "9e886a7a", "97a9452d", "5f8d3e13"),
    }
    assert by_patient(synthea, "coronary_heart_disease") == {"261ad2a4", "c2d1b552"}  # both have died
    assert by_patient(synthea, "copd") == {"1d3d16ce"}
    assert by_patient(synthea, "painful_condition") == {"bdf24b75", "61cd0a27", "42e628c2", "5f8d3e13"}
    assert by_patient(synthea, "alcohol_problems") == set()  # the four damaged rows are no code
    # 5a595dfb uses inhalers and has no code; 4e62b363 has both, the inhaler of July 2023.
    assert by_patient(synthea, "asthma") == {"4e62b363"}


def test_under_a_scheme_of_20_percent_five_of_the_25_who_live_are_selected(synthea):
    scheme = cm.load_scheme(str(SYNTHEA / "scheme.toml"))
    selection = cm.select(synthea, scheme, model=cm.load_model("cambridge-multimorbidity-20"))
    found = sorted((-row["score"], row["patient_id"][:8]) for row in selection.to_arrow().to_pylist())
    # COPD 1.46; pain 0.92 and hypertension 0.08, twice; pain alone, twice. Next: asthma, 0.19.
    assert found == [
        (-1.46, "1d3d16ce"),
        (-1.0, "5f8d3e13"),
        (-1.0, "61cd0a27"),
        (-0.92, "42e628c2"),
        (-0.92, "bdf24b75"),
    ]
    row = selection.summary().to_pylist()[0]
    assert (row["list_size"], row["places"], row["used"], row["tied_out"]) == (25, 5, 5, 0)
