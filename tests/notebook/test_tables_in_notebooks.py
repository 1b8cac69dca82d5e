"""In a notebook the library's tables are readable, and show rows of patients only where somebody asks."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pyarrow as pa
import pytest

import casemgmt as cm

CANARY = "CANARY-7741"


@pytest.fixture(scope="module")
def selection():
    rows = range(120)
    table = {
        "patient_id": [f"{CANARY}-{i}" for i in rows],
        "practice_id": ["C87001"] * 60 + ["C87002"] * 60,
        "age": [i % 100 for i in rows],
        "care_home_type": ["none"] * 120,
        "nominated": [i % 60 == 0 for i in rows],
        "mine": [i / 7 for i in rows],
    }
    register = cm.read_register(pa.table(table), as_of="2015-04-01")
    return cm.select(register, cm.load_scheme("rotherham-2015-16"), score="mine")


def test_what_is_shown_holds_no_patient(selection):
    tables = (selection.to_arrow(), selection.practice("C87001"), selection.register.to_arrow(), selection.unscored())
    shown = [cm.show(table) for table in tables]
    assert not any(CANARY in repr(each) + each._repr_html_() for each in shown)
    page = selection.register._repr_html_() + selection._repr_html_() + repr(selection) + repr(selection.register)
    assert CANARY not in page


def test_rows_of_patients_are_shown_where_somebody_asks(selection):
    shown = cm.show(selection.practice("C87001"), patients=True, rows=1)
    assert shown._repr_html_().count(CANARY) == repr(shown).count(CANARY) == 1
    assert "of which" in repr(shown)


def test_a_table_of_patients_is_counted_by_practice(selection):
    listed = selection.to_arrow()
    by_hand = {p: listed.column("practice_id").to_pylist().count(p) for p in selection.practices}
    lines = [line.split() for line in repr(cm.show(listed)).splitlines()[1:-1]]
    assert {practice: int(count) for practice, count in lines} == by_hand


def test_the_summary_shows_its_counts_and_stays_an_arrow_table(selection):
    summary = selection.summary()
    assert isinstance(summary, pa.Table)
    page = cm.show(summary)._repr_html_()
    assert page.count("<tr>") == 1 + summary.num_rows
    assert all(f"scope='col' style='text-align:{side}'" in page for side in ("left", "right"))


def test_the_register_shows_its_account_as_counts(selection):
    page = selection.register._repr_html_()
    assert "<th scope='row' style='text-align:left'>patients</th><td style='text-align:right'>120</td>" in page
    assert "Register on 2015-04-01" in page


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (True, "yes"), (1234567, "1,234,567"), (0.123456, "0.1235"), (12345.678, "12,346"), (2.0, "2")],
)
def test_values_are_written_as_people_write_them(value, text):
    assert repr(cm.show(pa.table({"a": pa.array([value])}))).splitlines()[1].strip() == text


def test_nothing_in_a_table_is_markup():
    table = pa.table({"<b>": ["<script>alert(1)</script>"]})
    page = cm.show(table)._repr_html_()
    assert "<script>" not in page and "<b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_many_practices_are_cut_and_the_cut_is_said():
    table = pa.table({"practice_id": [f"P{i:03}" for i in range(50)], "patient_id": [str(i) for i in range(50)]})
    assert "50 practices, the first 20 shown." in repr(cm.show(table))


@pytest.mark.parametrize("name", ["patient_id", "Patient_ID", "NHSNo", "nhs_number"])
def test_ids_under_another_name_are_not_shown_unasked(name):
    table = pa.table({"practice_id": pa.array(["C87002", "C87001"]).dictionary_encode(), name: [CANARY, CANARY]})
    assert CANARY not in repr(cm.show(table)) and CANARY not in cm.show(table)._repr_html_()
    assert repr(cm.show(table)).splitlines()[1].startswith("C87001")
    assert CANARY in repr(cm.show(table, patients=True, rows=10**30))


TWICE = pa.table([pa.array([1]), pa.array([2])], names=["practice_id", "practice_id"])


@pytest.mark.parametrize("wrong", [{"table": [1]}, {"table": pa.table({"a": [1]}), "rows": 0}, {"table": TWICE}])
def test_what_is_no_table_is_refused(wrong):
    with pytest.raises(cm.InputError):
        cm.show(**wrong)


IN_IPYTHON = dedent("""
    from IPython.core.interactiveshell import InteractiveShell
    shell = InteractiveShell.instance()
    import pyarrow as pa
    import casemgmt as cm
    ours = pa.table({"practice_id": ["C87001"], "patient_id": ["CANARY-7741"]})
    theirs = pa.table({"colour": ["red"]})
    for table in (ours, theirs):
        found, _ = shell.display_formatter.format(table)
        print(sorted(found), "CANARY" in str(found), "<table>" in found.get("text/html", ""))
    """)


def test_the_library_s_tables_are_readable_without_a_call_and_other_tables_are_left_alone():
    run = subprocess.run([sys.executable, "-c", IN_IPYTHON], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == [
        "['text/html', 'text/plain'] False True",
        "['text/plain'] False False",
    ]


def test_a_display_that_somebody_set_stays():
    theirs = "\nshell.display_formatter.formatters['text/html'].for_type(pa.Table, lambda t: 'mine')\n"
    code = IN_IPYTHON.replace("import casemgmt as cm\n", f"{theirs}import casemgmt as cm\n")
    code += "\nprint(shell.display_formatter.format(ours)[0]['text/html'])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "mine"
