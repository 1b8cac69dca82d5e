"""Folders and patterns as registers: sorted, each file once, and nothing that was not looked for."""

from __future__ import annotations

import pytest

import casemgmt as cm

AS_OF = "2020-01-01"


def csv(path, *ids):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("patient_id,practice_id,age\n" + "".join(f"{each},C87001,40\n" for each in ids), encoding="utf-8")
    return path


@pytest.fixture
def extracts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("march", "april", "may"):
        csv(tmp_path / "extracts" / f"{name}.csv", f"p-{name}")
    return tmp_path / "extracts"


def parts_of(source):
    """The files of a register, whichever way it is read."""
    read = cm.read_register(source, as_of=AS_OF)
    scanned = cm.scan_register(source, as_of=AS_OF)
    selected = [cm.select(each, cm.load_scheme("prism-top-half-percent"), score="age") for each in (read, scanned)]
    names = [[part.name for part in each.parts] for each in (read, scanned)]
    assert names[0] == names[1]
    assert selected[0].summary().equals(selected[1].summary())
    return names[0]


def test_a_pattern_stands_for_the_files_that_it_matches_sorted(extracts):
    assert parts_of("extracts/*.csv") == ["april.csv", "march.csv", "may.csv"]
    assert parts_of(extracts / "ma*.csv") == ["march.csv", "may.csv"]
    assert parts_of("extracts/m[a]?.csv") == ["may.csv"]
    assert parts_of("extracts") == parts_of(["extracts"]) == ["april.csv", "march.csv", "may.csv"]


def test_a_list_holds_files_folders_and_patterns_and_each_file_counts_once(extracts, tmp_path):
    csv(tmp_path / "other" / "june.csv", "p-june")
    assert parts_of(["other", "extracts/ma*.csv", "extracts/*.csv", extracts / "may.csv"]) == [
        *("june.csv", "march.csv", "may.csv", "april.csv"),
    ]
    for read in (cm.read_register, cm.scan_register):
        with pytest.raises(cm.InputError, match="twice"):
            read([extracts / "may.csv", "extracts/may.csv"], as_of=AS_OF)


def test_folders_within_folders_are_found_where_the_pattern_says_so(extracts, tmp_path):
    csv(extracts / "2019" / "may.csv", "p-old")
    assert parts_of("extracts/**/m*.csv") == ["may.csv", "march.csv", "may.csv"]
    assert parts_of("extracts/*.csv") == ["april.csv", "march.csv", "may.csv"]
    assert parts_of("extracts/20*") == ["may.csv"]


def test_what_lies_beside_data_is_left_out_and_another_kind_is_refused(extracts):
    for name in (".hidden.csv", "_SUCCESS", "desktop.ini", "~$may.csv"):
        (extracts / name).write_text("not data", encoding="utf-8")
    assert parts_of("extracts/*") == ["april.csv", "march.csv", "may.csv"]
    csv(extracts / "_kept.csv", "p-kept")
    assert parts_of("extracts/_k*.csv") == ["_kept.csv"]
    (extracts / "notes.docx").write_bytes(b"PK")
    for read in (cm.read_register, cm.scan_register):
        with pytest.raises(cm.InputError, match=r"The pattern holds files of 2 kinds \('.csv', '.docx'\)"):
            read("extracts/*", as_of=AS_OF)
        assert len(read("extracts/*.csv", as_of=AS_OF).parts) == 3


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("extracts/*.parquet", r"No file matches \*\.parquet in the folder extracts\."),
        ("extract/*.csv", r"No file matches \*\.csv: there is no folder extract\."),
        ("*.csv", r"No file matches \*\.csv in the working folder\."),
        ("Zebedee Quigley?", r"No file matches the pattern that was given\."),
        ("9990548600*", r"No file matches the pattern that was given\."),
        ("C87001,Zebedee*,40", r"No file matches the pattern that was given\."),
        ("extracts/june.csv", "There is no file june.csv"),
    ],
)
def test_a_pattern_that_matches_nothing_is_refused_with_what_was_looked_for(extracts, pattern, said):
    for read in (cm.read_register, cm.scan_register):
        with pytest.raises(cm.InputError, match=said) as refusal:
            read([pattern], as_of=AS_OF)
        assert "Zebedee" not in str(refusal.value)


@pytest.mark.parametrize("said", ["\ud800/*", "a\0*", "\ud800", ["*.csv", "\ud800"], ["extracts/*.csv", "a\0"]])
def test_what_no_file_can_be_called_is_refused_in_words(extracts, said):
    for read in (cm.read_register, cm.scan_register, cm.draft_config):
        with pytest.raises(cm.InputError):
            read(said) if read is cm.draft_config else read(said, as_of=AS_OF)


def test_a_file_whose_own_name_has_a_mark_in_it_is_that_file(extracts):
    csv(extracts / "m[ay]*.csv", "p-mark")
    assert parts_of("extracts/m[ay]*.csv") == ["m[ay]*.csv"]


def test_a_link_to_a_file_that_is_matched_too_adds_nothing(extracts):
    (extracts / "z.csv").symlink_to(extracts / "may.csv")
    assert parts_of("extracts/*.csv") == ["april.csv", "march.csv", "may.csv"]


def test_coded_rows_and_episodes_are_named_by_patterns_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for year in (2013, 2014):
        text = f"patient_id,code,date\np{year},M10,{year}-05-01\n"
        (tmp_path / f"coded-{year}.csv").write_text(text, encoding="utf-8")
    derived = cm.derive_conditions("coded-*.csv", "charlson-quan-2005", as_of="2015-04-01")
    assert derived.account.to_pylist()[0]["rows_in"] == 2
