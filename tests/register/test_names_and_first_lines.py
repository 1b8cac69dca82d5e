"""What a column's name may mean; that a first line which is no header is never shown; that a text is no path."""

from __future__ import annotations

import gzip
import io

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app
from casemgmt.errors import did_you_mean
from casemgmt.names import SYNONYMS, are_names, folded, meant_field, slipped_field
from casemgmt.register.fields import FIELDS

AS_OF = "2015-04-01"
# People who are nobody: the values of a first row that must not come up in any message.
CANARIES = ("9990548609", "C87001", "Zebedee", "Page", "Agee", "1944-02-03", "Sexton", "M41 9ZZ")
HEADLESS = {
    "iso": "9990548609,C87001,71,Zebedee,Page,1944-02-03\n9990548610,C87001,50,X,Y,1965-01-01\n",
    "near the fields": "9990548609,C87001,Agee,Sexton,1944-02-03\n9990548610,C87001,Y,Z,1965-01-01\n",
    "diseases": "Zebedee,asthma,copd,Page\nX,diabetes,asthma,Y\n",
    "postcode": "Zebedee,Page,M41 9ZZ\nX,Y,M41 9ZZ\n",
    "repeated": "Zebedee,Page,Page,C87001\nX,Y,Z,C87001\n",
}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("HF", "heart_failure"),
        ("CKD", "chronic_kidney_disease"),
        ("af", "atrial_fibrillation"),
        ("HTN", "hypertension"),
        ("COPD", "copd"),
        ("DOB", "date_of_birth"),
        ("Gender", "sex"),
        ("NHS_Number", "patient_id"),
        ("NHS Number", "patient_id"),
        ("NHSNo", "patient_id"),
        ("ENCRYPTED_HESID", "patient_id"),
        ("Practice Code", "practice_id"),
        ("ODS-Code", "practice_id"),
        ("DOD", "date_of_death"),
        ("heart_failur", "heart_failure"),
        ("HeartFailure", "heart_failure"),
        ("emergncy_admisions_12m", "emergency_admissions_12m"),
        ("etnicity", "ethnicity"),
        ("demensia", "dementia"),
        ("diabetse", "diabetes"),
        ("objected_flag", "objected"),
        ("Objection (Y/N)", "objected"),
        ("OPTOUTIND", "objected"),
        ("is_nominated", "nominated"),
        ("deceased_yn", "date_of_death"),
        ("hf_flag", "heart_failure"),
        ("HasCOPD", "copd"),
        ("qof_af", "atrial_fibrillation"),
        ("care home?", "care_home_type"),
    ],
)
def test_a_known_name_or_a_slip_of_one_letter_a_word_is_the_fields(name, field):
    assert did_you_mean(name, list(FIELDS)) == f" Did you mean '{field}'?"


@pytest.mark.parametrize(
    "name",
    [
        *("hypotension", "cod", "cope", "wage", "anxiety", "osteoarthritis", "rheumatic_arthritis", "type_1_diabetes"),
        *(
            "chronic_liver_disease",
            "liver_failure",
            "atrial_flutter",
            "unregistered_on",
            "ward",
            "stage",
            "cancerous_age",
        ),
        *(
            "hypotension_flag",
            "has_liver_failure",
            "kind",
            "heart_failure_date",
            "sex_flag",
            "register",
            "flag",
            "mind",
        ),
        *("emergency_admissions_24m", "renal_failure", "acute_kidney_disease", "heart_disease", "hearing_aid"),
    ],
)
def test_another_disease_or_another_column_is_never_suggested(name):
    assert did_you_mean(name, list(FIELDS)) == ""
    assert slipped_field(name) is None
    assert name not in did_you_mean("hypertension", [name]) + did_you_mean("copd", [name])
    for field in FIELDS:
        assert did_you_mean(field, [name]) == "", field


def test_no_field_is_taken_for_another_and_no_synonym_stands_for_two():
    assert SYNONYMS.keys() == FIELDS.keys()
    for field in FIELDS:
        others = [other for other in FIELDS if other != field]
        assert did_you_mean(field, others) == ""
        assert slipped_field(field) is None
    spelt = [folded(other) for others in SYNONYMS.values() for other in {folded(each) for each in others}]
    assert len(spelt) == len(set(spelt))
    assert all(meant_field(other) == field for field, others in SYNONYMS.items() for other in others)


def a_register(**columns):
    return pa.table({"patient_id": ["a", "b"], "practice_id": ["C87001"] * 2, "age": [40, 50], **columns})


def test_a_missing_field_is_found_under_a_synonym_and_the_header_is_shown():
    table = a_register().rename_columns(["NHSNo", "GP practice code", "Age in years"])
    with pytest.raises(cm.InputError) as refusal:
        cm.read_register(table, as_of=AS_OF)
    for said in ("Did you mean 'NHSNo'?", "Did you mean 'GP practice code'?", "that are there: 'NHSNo', 'GP practice"):
        assert said in str(refusal.value)


@pytest.mark.parametrize("column", ["DOB", "Date_of_Brith", "Age in years"])
def test_a_column_that_may_be_the_age_or_the_birth_is_suggested(column):
    people = {"patient_id": ["a"], "practice_id": ["C87002"], column: ["1950-01-01"]}
    with pytest.raises(cm.InputError, match=f"'age or date_of_birth' is missing. Did you mean '{column}'?"):
        cm.read_register(pa.table(people), as_of=AS_OF)


def test_a_column_called_nearly_like_an_absent_field_is_warned_of_and_one_that_bars_people_is_refused():
    with pytest.warns(cm.InputWarning, match="columns={'HF': 'heart_failure'}"):
        cm.read_register(a_register(HF=[1, 0]), as_of=AS_OF)
    for name, field in (("DOD", "date_of_death"), ("Opt Out", "objected"), ("date_of_deth", "date_of_death")):
        with pytest.raises(cm.InputError, match=f"Column '{name}' looks like '{field}'"):
            cm.read_register(a_register(**{name: [None, None]}), as_of=AS_OF)
    # Beside the field itself it is another column.
    cm.read_register(a_register(HF=[1, 0], heart_failure=[True, False]), as_of=AS_OF)


def test_a_field_that_columns_names_nearly_is_refused():
    table = a_register().rename_columns(["NHSNo", "practice_id", "age"])
    for given in ("patientid", "patient-id", "NHS Number"):
        with pytest.raises(cm.InputError, match=f"'{given}', which is no field. Did you mean 'patient_id'"):
            cm.read_register(table, as_of=AS_OF, columns={"NHSNo": given})


def doors(text, folder):
    """The same headless rows through each door."""
    file, other, packed = folder / "a.csv", folder / "b.csv", folder / "c.csv.gz"
    file.write_text(text)
    other.write_text(text.replace("9990548609", "9990548611").replace("Zebedee", "Quimby"))
    packed.write_bytes(gzip.compress(text.encode()))
    yield lambda: cm.read_register(file, as_of=AS_OF)
    yield lambda: cm.read_register(packed, as_of=AS_OF)
    yield lambda: cm.read_register([file, other], as_of=AS_OF)
    yield lambda: cm.scan_register(file, as_of=AS_OF)
    yield lambda: cm.scan_register([file, other], as_of=AS_OF)
    yield lambda: cm.read_register(file, as_of=AS_OF, columns={"NHSNo": "patient_id"})
    yield lambda: cm.read_register(file, as_of=AS_OF, columns={"NHSNo": "patient_id", text.split(",")[1]: "ward"})
    yield lambda: cm.derive_conditions(file, "charlson-quan-2005", as_of=AS_OF)
    yield lambda: cm.count_admissions(file, as_of=AS_OF)
    yield lambda: cm.build_register(file, as_of=AS_OF)
    frame = pd.read_csv(io.StringIO(text), dtype=str)
    yield lambda: cm.read_register(frame, as_of=AS_OF)
    mixed = pd.concat([frame, frame])
    mixed.isetitem(1, pd.Series([1, "x"], dtype=object, index=mixed.index))
    yield lambda: cm.read_register(mixed, as_of=AS_OF)
    table = pa.table({name: ["x"] for name in dict.fromkeys(text.split("\n")[0].split(","))})
    yield lambda: cm.read_register(table, as_of=AS_OF)
    pq.write_table(table, folder / "d.parquet")
    yield lambda: cm.read_register(folder / "d.parquet", as_of=AS_OF)
    yield lambda: cm.scan_register(folder / "d.parquet", as_of=AS_OF)


@pytest.mark.parametrize("kind", HEADLESS)
def test_of_a_file_without_a_header_nothing_is_shown_through_any_door(kind, tmp_path):
    for door in doors(HEADLESS[kind], tmp_path):
        with pytest.raises(cm.InputError) as refusal:
            door()
        said = str(refusal.value)
        assert not [value for value in (*CANARIES, "Quimby", "asthma") if value in said], said
    for command in (["check", "a.csv"], ["check", "a.csv", "b.csv"], ["check", "a.csv", "--write-config", "m.toml"]):
        paths = [str(tmp_path / each) if "." in each else each for each in command]
        done = CliRunner().invoke(app, [*paths, "--as-of", AS_OF])
        assert done.exit_code == 1
        assert not [value for value in CANARIES if value in done.output + done.stderr]
    assert not (tmp_path / "m.toml").exists()


def test_a_header_is_known_by_its_names_and_a_row_by_its_values():
    assert are_names(["NHS Number", "Surgery", "Yrs"])
    assert are_names(["patient_id", "", "diag_01"])
    assert not are_names(["patient_id", "9990548609"])
    assert not are_names(["patient_id", "3-Feb-1944"])
    assert not are_names(["patient_id", "C87001"])
    assert not are_names(["Smith", "asthma", "hypertension"])
    assert not are_names([])


@pytest.mark.parametrize(
    "text",
    [
        "patient_id,practice_id,age\n9990548609,C87001,71\n",
        "9990548609",
        "9990548609.csv",
        "Zebedee Page, 9990548609",
        "Zebedee\0Page",
        "",
        "Zebedee " * 1_000_000,
    ],
)
def test_a_text_that_is_no_path_is_refused_and_not_repeated(text):
    calls = (
        lambda: cm.read_register(text, as_of=AS_OF),
        lambda: cm.read_register([text], as_of=AS_OF),
        lambda: cm.scan_register(text, as_of=AS_OF),
        lambda: cm.derive_conditions(text, "charlson-quan-2005", as_of=AS_OF),
        lambda: cm.build_register(text, as_of=AS_OF),
        lambda: cm.read_register(a_register(), as_of=AS_OF, config=text),
    )
    for call in calls:
        with pytest.raises(cm.InputError) as refusal:
            call()
        said = str(refusal.value)
        assert len(said) < 400
        assert "9990548609" not in said
        assert "Zebedee" not in said


def test_a_path_to_nothing_is_shown_by_its_file_name_alone(tmp_path):
    with pytest.raises(cm.InputError, match=r"^There is no file april.csv\."):
        cm.read_register(tmp_path / "april.csv", as_of=AS_OF)


def test_the_names_of_hospital_episode_statistics_are_a_header_and_shown():
    names = ["ENCRYPTED_HESID", "ADMIDATE", "ADMIMETH"]
    assert are_names(names) and are_names(names[1:])
    table = pa.table({name: ["x"] for name in names})
    with pytest.raises(cm.InputError, match="Did you mean 'ENCRYPTED_HESID'") as said:
        cm.count_admissions(table, as_of=AS_OF)
    assert "The columns that are there: 'ENCRYPTED_HESID'" in str(said.value)
    assert "skip_lines" not in str(said.value)
