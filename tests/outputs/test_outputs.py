"""What is published is whole, private, safe to open, and refused when one bit of it has changed."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import os
import re
import shutil
import stat
import unicodedata
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from publications import CANARY, SCHEME, files_of, forge, hidden_beside, names_in, put, register_of, selection_of

import casemgmt as cm
from casemgmt.errors import CasemgmtError, InputError, PublishError, VerifyError
from casemgmt.outputs import layout
from casemgmt.outputs.manifest import read_manifest
from casemgmt.outputs.published import verify
from casemgmt.results.published import load_selection


@pytest.fixture(scope="module")
def selection() -> cm.Selection:
    return selection_of()


@pytest.fixture(scope="module")
def published(selection: cm.Selection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return selection.save(tmp_path_factory.mktemp("published") / "out")


@pytest.fixture
def copy(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "copy"))


# What is written


def test_a_publication_holds_these_files_and_no_other(published, selection):
    practices = {f"practices/{name}" for name in ("C87001.csv", "C87002.csv", "C87001-waiting.csv", "README.txt")}
    assert selection.queue()["practice_id"].unique().to_pylist() == ["C87001"]
    assert set(files_of(published)) == {*layout.TABLES, layout.REMOVALS, *practices, "manifest.json"}


def test_a_selection_read_back_equals_the_one_that_was_saved(published, selection):
    loaded = load_selection(published)
    for name in ("to_arrow", "summary", "unscored", "queue"):
        table, original = getattr(loaded, name)(), getattr(selection, name)()
        assert original.num_rows, name
        assert table.schema.equals(original.schema, check_metadata=True), name
        assert table.equals(original), name
    assert loaded.facts == selection.facts
    assert loaded.practices == selection.practices
    assert loaded.scheme == selection.scheme
    assert loaded.practice("C87002").equals(selection.practice("C87002"))
    pd.testing.assert_frame_equal(loaded.to_pandas(), selection.to_pandas())
    with pytest.raises(InputError, match="select again"):
        loaded.by("age")


def test_a_selection_by_a_model_of_synthetic_people_is_read_back_whole(tmp_path):
    model = cm.load_model("cambridge-multimorbidity-20")
    register = cm.synthesise("C87002", "2021-01-01", 1)
    made = cm.select(register, cm.load_scheme("rotherham-2015-16"), model=model)
    loaded = load_selection(made.save(tmp_path / "out"))
    assert loaded.to_arrow().equals(made.to_arrow(), check_metadata=True)
    assert loaded.facts == made.facts
    assert loaded.facts["synthetic"] is True
    written = json.loads((tmp_path / "out/manifest.json").read_bytes())["model"]
    assert (written["name"], written["version"], written["text"]) == (model.name, model.version, model.text)
    assert written["vectors_sha256"] == hashlib.sha256(model.vectors_text.encode()).hexdigest()


def test_each_practice_file_holds_that_practice_alone(published, selection):
    for practice in selection.practices:
        frame = pd.read_csv(published / f"practices/{practice}.csv", dtype=str, keep_default_na=False)
        assert set(frame["practice_id"]) == {practice}
        assert list(frame["patient_id"]) == by_rank(selection.practice(practice))
        other = next(other for other in selection.practices if other != practice)
        others = set(selection.practice(other)["patient_id"].to_pylist())
        text = (published / f"practices/{practice}.csv").read_text()
        assert not any(patient in text for patient in others)


def by_rank(table) -> list[str]:
    """The case managed first, then the higher score, those without one last, then by id."""
    rows = sorted(
        table.to_pylist(),
        key=lambda row: (
            not row["case_managed"],
            row["score"] is None,
            -(row["score"] or 0),
            row["patient_id"].encode(),
        ),
    )
    return [row["patient_id"] for row in rows]


def test_the_text_beside_the_lists_says_what_every_column_is(published, tmp_path, selection):
    text = (published / layout.README).read_text(encoding="utf-8")
    header = (published / "practices/C87001.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    said = {line.split("  ")[1].strip() for line in text.splitlines() if line.startswith("  ")}
    assert {name.strip('"') for name in header.split(",")} <= said
    assert "CODE-waiting.csv" in text and "CODE-removals.csv" not in text
    folder = selection.save(tmp_path / "out", include=["name"])
    assert "register_name" in (folder / layout.README).read_text(encoding="utf-8")


def test_a_practice_without_anyone_selected_has_a_file_with_a_header(tmp_path):
    scheme = SCHEME.replace("at_least = 75", "at_least = 120").replace('["nursing"]', '["residential"]')
    made = selection_of(register_of(people=3), scheme)
    assert made.to_arrow().num_rows == 0
    folder = made.save(tmp_path / "out")
    assert (folder / "practices/C87001.csv").read_text(encoding="utf-8-sig").startswith('"practice_id","patient_id",')
    assert load_selection(folder).to_arrow().equals(made.to_arrow())


def test_a_register_without_a_row_is_published_and_read_back(tmp_path):
    made = selection_of(register_of(people=0))
    loaded = load_selection(made.save(tmp_path / "out"))
    assert loaded.practices == ()
    assert loaded.to_arrow().schema == made.to_arrow().schema


def test_included_columns_are_in_the_selection_and_the_practice_lists_only(selection, tmp_path):
    folder = selection.save(tmp_path / "out", include=["name", "age"])
    whole = pq.read_table(folder / layout.SELECTION)
    assert whole.equals(selection.to_arrow(["name", "age"]))
    frame = pd.read_csv(folder / "practices/C87001.csv", dtype=str)
    rows = selection.practice("C87001", ["name"]).to_pylist()
    name_of = {row["patient_id"]: row["register_name"] for row in rows}
    assert list(frame["register_name"]) == [name_of[patient] for patient in frame["patient_id"]]
    assert load_selection(folder).to_arrow().equals(selection.to_arrow())
    holding = [name for name, data in files_of(folder).items() if CANARY.encode() in data]
    assert set(holding) <= {layout.SELECTION, "practices/C87001.csv", "practices/C87002.csv"}


def test_the_same_selection_saved_twice_gives_the_same_bytes(selection, published, tmp_path):
    again = selection.save(tmp_path / "elsewhere" / "again")
    assert files_of(again) == files_of(published)
    assert files_of(selection_of().save(tmp_path / "made again")) == files_of(published)


def test_the_manifest_names_no_folder_no_user_and_no_moment(published):
    text = (published / layout.MANIFEST).read_text()
    assert str(published.parent) not in text
    assert not set(json.loads(text)) & {"created", "user", "host", "date", "time"}
    assert json.loads(text)["scheme"]["text"] == SCHEME


def test_the_manifest_counts_what_the_files_hold(published):
    manifest = json.loads((published / layout.MANIFEST).read_bytes())
    for name, entry in manifest["files"].items():
        path = published / name
        if name.endswith(".parquet"):
            assert entry["rows"] == pq.read_table(path).num_rows, name
        elif name.endswith(".csv"):
            with path.open(encoding="utf-8-sig", newline="") as file:
                assert entry["rows"] == len(list(csv.reader(file))) - 1, name
        assert entry["bytes"] == path.stat().st_size
        assert entry["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    rows = manifest["facts"]["rows"]
    assert rows["quarantined"] == manifest["files"][layout.QUARANTINE]["rows"] == 1
    assert rows["corrections"] == manifest["files"][layout.CORRECTIONS]["rows"] == 1
    assert rows["in"] == rows["accepted"] + rows["merged_repeats"] + rows["quarantined"]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_files_and_folders_are_private_whatever_the_umask(selection, tmp_path, umask):
    before = os.umask(umask)
    try:
        folder = selection.save(tmp_path / "a" / "b" / "out")
        selection.save(folder, overwrite=True)
    finally:
        os.umask(before)
    for path in (tmp_path / "a", tmp_path / "a/b", folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


# Where it is written


def test_what_is_there_is_replaced_only_when_told_and_only_if_it_is_a_publication(selection, published, tmp_path):
    folder = selection.save(tmp_path / "out")
    with pytest.raises(PublishError, match="earlier publication"):
        selection.save(folder, include=["age"])
    assert files_of(folder) == files_of(published)
    selection.save(folder, include=["age"], overwrite=True)
    assert "register_age" in load_manifest(folder)["include"][0] or load_manifest(folder)["include"] == ["age"]
    assert hidden_beside(folder) == []


def load_manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / layout.MANIFEST).read_bytes())


@pytest.mark.parametrize("kind", ["file", "empty folder", "folder", "other manifest", "link", "stranger", "root"])
def test_nothing_else_is_ever_replaced(selection, tmp_path, kind):
    target = tmp_path / "out"
    if kind == "file":
        target.write_text("mine")
    elif kind == "link":
        selection.save(tmp_path / "real")
        target.symlink_to(tmp_path / "real")
    elif kind == "stranger":
        selection.save(target)
        (target / "practices/notes.txt").write_text("mine")
    elif kind == "root":
        target = Path(target.anchor)
    else:
        target.mkdir()
        if kind != "empty folder":
            (target / "thesis.txt").write_text("mine")
        if kind == "other manifest":
            (target / "manifest.json").write_text('{"format": "something else"}')
    before = files_of(tmp_path)
    with pytest.raises(PublishError) as caught:
        selection.save(target, overwrite=True)
    assert caught.value.exit_code == 4
    assert files_of(tmp_path) == before
    assert hidden_beside(tmp_path / "out") == []


def test_a_path_that_cannot_be_written_is_named_with_the_remedy(selection, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PublishError, match=r"file/out' was not written: Not a directory\. .*folders"):
        selection.save(tmp_path / "file" / "out")
    with pytest.raises(PublishError, match=r"shorter name|nearer to the root"):
        selection.save(tmp_path / ("x" * 250))
    assert names_in(tmp_path) == ["file"]


def test_a_column_that_cannot_be_shown_is_refused_before_the_disk_is_touched(tmp_path):
    size = 120
    register = register_of(parts=[[CANARY]] * size, raw=[CANARY.encode()] * size)
    for include in (["parts"], ["raw"], ["absent"], ["age", "age"]):
        with pytest.raises(InputError, match=include[0]):
            selection_of(register).save(tmp_path / "out", include=include)
    assert names_in(tmp_path) == []


def test_a_scheme_that_its_file_does_not_describe_is_not_published(tmp_path):
    made = selection_of()
    made.scheme = dataclasses.replace(made.scheme, title="another")
    with pytest.raises(PublishError, match="not what its file says"):
        made.save(tmp_path / "out")


def test_a_selection_read_back_cannot_be_published_again(published, tmp_path):
    with pytest.raises(PublishError, match="copy the folder"):
        load_selection(published).save(tmp_path / "out")


# What is refused when read


def test_an_untouched_publication_is_verified(published):
    report = verify(published)
    assert report.counts["practices"] == 2
    assert report.files[layout.SELECTION] == report.counts["listed"]
    assert "intact" in str(report)


def test_every_byte_of_the_manifest_counts(copy):
    path = copy / layout.MANIFEST
    intact = path.read_bytes()
    assert read_manifest(intact)
    for place in range(len(intact)):
        with pytest.raises(ValueError, match="damaged"):
            read_manifest(intact[:place] + bytes([intact[place] ^ (1 << place % 8)]) + intact[place + 1 :])
    for other in (intact + b" ", b" " + intact, intact[:-1], intact.replace(b": ", b":"), b"", b"[]", b"{" * 5000):
        path.write_bytes(other)
        with pytest.raises(VerifyError, match="manifest"):
            verify(copy)


def test_a_file_cut_short_missing_added_or_swapped_is_named(copy):
    def refused(match: str) -> None:
        with pytest.raises(VerifyError, match=match):
            verify(copy)
        with pytest.raises(VerifyError, match=match):
            load_selection(copy)

    first, second = copy / "practices/C87001.csv", copy / "practices/C87002.csv"
    intact, lines = first.read_bytes(), first.read_bytes().splitlines(keepends=True)
    first.write_bytes(b"".join(lines[:-1]))
    refused("changed since it was published: 'practices/C87001.csv'")
    first.unlink()
    refused("missing: 'practices/C87001.csv'")
    first.write_bytes(second.read_bytes())
    refused("changed since it was published: 'practices/C87001.csv'")
    first.write_bytes(intact)
    for extra in ("practices/C87001 (copy).csv", "selection.parquet", "processor/part-0.parquet"):
        (copy / extra).write_bytes(b"")
        refused(f"not part of the publication: '{extra}'".replace("(", r"\(").replace(")", r"\)"))
        (copy / extra).unlink()
    (copy / "practices/more").mkdir()
    refused("'practices/more' is a folder")
    (copy / "practices/more").rmdir()
    elsewhere = copy.parent / "elsewhere.csv"
    first.rename(elsewhere)
    first.symlink_to(elsewhere)
    refused("'practices/C87001.csv' is a link")
    first.unlink()
    if hasattr(os, "mkfifo"):
        os.mkfifo(first)
        refused("is no plain file")
        first.unlink()
    elsewhere.rename(first)
    verify(copy)
    (copy / layout.MANIFEST).unlink()
    refused("not a finished publication")
    with pytest.raises(VerifyError, match="no publication at"):
        verify(copy / "nowhere")


def other_practice(copy: Path) -> None:
    put(copy, "practices/C87001.csv", (copy / "practices/C87002.csv").read_bytes())
    rows = verify_rows(copy, "practices/C87002.csv")
    forge(copy, lambda manifest: manifest["files"]["practices/C87001.csv"].update(rows=rows))


def verify_rows(copy: Path, name: str) -> int:
    return load_manifest(copy)["files"][name]["rows"]


def one_foreign_row(copy: Path) -> None:
    own, other = ((copy / f"practices/C8700{i}.csv").read_bytes().splitlines(keepends=True) for i in (1, 2))
    put(copy, "practices/C87001.csv", b"".join([*own[:-1], other[-1]]))


def cut_at_a_row(copy: Path) -> None:
    lines = (copy / "practices/C87001.csv").read_bytes().splitlines(keepends=True)
    put(copy, "practices/C87001.csv", b"".join(lines[:-1]), rows=len(lines) - 2)


def two_rows_exchanged(copy: Path) -> None:
    lines = (copy / "practices/C87001.csv").read_bytes().splitlines(keepends=True)
    put(copy, "practices/C87001.csv", b"".join([*lines[:-2], lines[-1], lines[-2]]))


def without_a_file(copy: Path) -> None:
    (copy / "practices/C87002.csv").unlink()
    forge(copy, lambda manifest: manifest["files"].pop("practices/C87002.csv"))


def with_a_stranger(copy: Path) -> None:
    put(
        copy,
        "practices/C99999.csv",
        (copy / "practices/C87002.csv").read_bytes(),
        rows=verify_rows(copy, "practices/C87002.csv"),
    )


def fewer_in_the_selection(copy: Path) -> None:
    table = pq.read_table(copy / layout.SELECTION)
    sink = io.BytesIO()
    pq.write_table(table.slice(0, table.num_rows - 1), sink)
    put(copy, layout.SELECTION, sink.getvalue(), rows=table.num_rows - 1)


def another_summary(copy: Path) -> None:
    text = (copy / layout.SUMMARY).read_bytes()
    lines = text.splitlines(keepends=True)
    cells = lines[1].split(b",")
    cells[5] = str(int(cells[5]) + 1).encode()
    put(copy, layout.SUMMARY, b"".join([lines[0], b",".join(cells), *lines[2:]]))


def fewer_in_quarantine(copy: Path) -> None:
    sink = io.BytesIO()
    pq.write_table(pq.read_table(copy / layout.QUARANTINE).slice(0, 0), sink)
    put(copy, layout.QUARANTINE, sink.getvalue(), rows=0)


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        (other_practice, "rows that are not of practice 'C87001'"),
        (one_foreign_row, "rows that are not of practice 'C87001'"),
        (cut_at_a_row, "'practices/C87001.csv' holds .* rows, and 'processor/selection.parquet'"),
        (two_rows_exchanged, "do not hold the same patients"),
        (without_a_file, "'practices/C87002.csv' is missing"),
        (with_a_stranger, "'practices/C99999.csv' belongs to no practice"),
        (fewer_in_the_selection, "'practices/C87002.csv' holds .* rows, and 'processor/selection.parquet'"),
        (another_summary, "count different numbers for practice 'C87001', route 'highest_risk'"),
        (fewer_in_quarantine, "'processor/quarantine.parquet' holds 0 rows"),
        (lambda copy: put(copy, layout.QUEUE, b"PAR1"), "'processor/queue.parquet' cannot be read"),
        (lambda copy: put(copy, layout.SUMMARY, b"x"), "'processor/summary.csv' cannot be read"),
    ],
)
def test_files_that_contradict_each_other_are_refused_though_every_checksum_is_right(copy, damage, match):
    damage(copy)
    with pytest.raises(VerifyError, match=match):
        verify(copy)


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (lambda m: m["files"]["practices/C87001.csv"].update(rows=1), "'practices/C87001.csv' holds .* says 1"),
        (lambda m: m["files"]["processor/selection.parquet"].update(rows=0), "selection.parquet' holds .* says 0"),
        (lambda m: m["facts"]["rows"].update(accepted=1), "rows in are not 1 accepted"),
        (lambda m: m["counts"].update(listed=1), "do not agree on 'listed'"),
        (lambda m: m["facts"].update(practices=9), "do not agree on 'practices'"),
        (lambda m: m["files"]["practices/C87001.csv"].update(practice_id="C87002"), "do not agree on"),
        (lambda m: m["scheme"].update(id="other"), "do not agree on 'scheme'"),
        (lambda m: m["scheme"].update(text="nonsense"), "not a TOML file"),
        (lambda m: m.pop("facts"), "leaves something out"),
        (lambda m: m.update(files=[]), "leaves out the files"),
        (lambda m: m.update(files={}), "not part of the publication"),
        (lambda m: m.update(format_version=2), "format version 2"),
        (lambda m: m.update(format="other"), "not the manifest of a selection"),
        (lambda m: m["files"].update({"../secret.csv": m["files"]["practices/C87001.csv"]}), "missing"),
    ],
)
def test_a_forged_manifest_is_refused_though_its_checksum_is_right(copy, edit, match):
    forge(copy, edit)
    with pytest.raises(VerifyError, match=match):
        verify(copy)


# Names of files


def hostile_codes() -> list[str]:
    reserved = [*("CON", "PRN", "AUX", "NUL"), *(f"COM{i}" for i in range(10)), *(f"LPT{i}" for i in range(10))]
    paths = [
        "../x",
        "..",
        ".",
        "/etc/passwd",
        "C:\\x",
        "a/b",
        "a\\b",
        "~",
        "..%2f",
        "%2e%2e",
        "%",
        "%%",
        "-rf",
        "--help",
    ]
    case = ["abc", "ABC", "Abc", "aBC", "ß", "SS", "ss", "İ", "i", "I", "ı", "K", "\u212a", "é", "e\u0301", "É"]
    odd = [
        "a b",
        "a:b",
        "a*b",
        "a?b",
        'a"b',
        "a|b",
        "a<b>",
        "a\nb",
        "a\tb",
        "x.",
        "x..",
        "x.csv",
        ".hidden",
        "$HOME",
        "`id`",
    ]
    odd += [
        "\U0001f600",
        "\u202egnp",
        "a\u200bb",
        "\ufeffa",
        "x" * 300,
        "x" * 301,
        "X" * 300,
        "X" * 301,
        "é" * 200,
        "W" * 120,
    ]
    waiting = [
        "C87001",
        "C87001-waiting",
        "C87001-WAITING",
        "C87001-removals",
        "C87001-Removals",
        "README",
        "C87001-waiting.csv",
        "manifest.json",
        "C87001~",
        "=1+1",
        "@x",
    ]
    mixed = [
        f"{head}{tail}"
        for head in ("CON", "con", "..", "A", "a", "%41")
        for tail in (".", ".csv", "/", " ", "%", "-", ":", "0")
    ]
    more = [f"{chr(i)}{chr(i)}" for i in range(1, 128)]
    return list(
        dict.fromkeys([*reserved, *(r.lower() for r in reserved), *paths, *case, *odd, *waiting, *mixed, *more])
    )


def test_no_practice_code_makes_an_unsafe_or_ambiguous_file_name():
    codes = hostile_codes()
    assert len(codes) >= 200
    names = [name for code in codes for name in layout.files_of_practice(code)]
    folded = {unicodedata.normalize("NFKC", name).casefold() for name in names}
    assert len(folded) == len(names)
    for name in names:
        folder, file = name.split("/")
        stem = re.sub(r"(-waiting|-removals)?\.csv$|\.xlsx$|\.html$", "", file)
        assert folder == "practices"
        assert file.isascii() and not set(file) & set('<>:"\\|?*\0 ')
        assert not stem.startswith((".", "-")) and stem and len(file) <= 200
        assert stem.upper() not in {"CON", "PRN", "AUX", "NUL", *(f"{p}{i}" for p in ("COM", "LPT") for i in range(10))}
        assert "." not in stem


def test_an_ods_code_is_its_own_file_name():
    assert layout.practice_file("C87002") == "practices/C87002.csv"
    assert layout.waiting_file("Y00001") == "practices/Y00001-waiting.csv"


def test_hostile_practice_codes_stay_in_their_folder_and_are_read_back(tmp_path):
    # Codes that differ only in case or outer spaces never reach a selection: the register sets them aside.
    codes = list({code.strip().casefold(): code.strip() for code in hostile_codes() if code.strip()}.values())
    made = selection_of(register_of(codes, people=2))
    assert len(made.practices) >= 150
    folder = made.save(tmp_path / "out")
    assert names_in(tmp_path) == ["out"]
    assert {path.parent.name for path in folder.rglob("*.csv")} == {"practices", "processor", "commissioner"}
    loaded = load_selection(folder)
    assert loaded.practices == made.practices
    assert loaded.to_arrow().equals(made.to_arrow())


# No patient in a message


def test_no_error_of_publishing_or_reading_shows_a_patient(tmp_path):
    columns = {"when": [CANARY] * 120, "parts": [[CANARY]] * 120}
    made = selection_of(register_of(**columns))
    folder = made.save(tmp_path / "out", include=["name"])
    attempts = [
        lambda: made.save(folder),
        lambda: made.save(tmp_path),
        lambda: made.save(tmp_path / "x", include=["parts"]),
        lambda: made.save(tmp_path / "x", include=["nam"]),
        lambda: load_selection(folder).by("name"),
        lambda: load_selection(folder).explain("p00001"),
    ]
    for name, data in files_of(folder).items():
        attempts.append(lambda name=name, data=data: _with_damage(folder, name, data))
        if name != layout.README:  # a text for people is known by its SHA-256 alone
            attempts.append(lambda name=name, data=data: _with_forged_damage(folder, name, data))
    for attempt in attempts:
        with pytest.raises(CasemgmtError) as caught:
            attempt()
        problem: BaseException | None = caught.value
        while problem is not None:
            assert "Canary" not in f"{problem} {problem!r}" and "p000" not in f"{problem}"
            problem = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)


def _with_damage(folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data[: len(data) // 2])
    try:
        verify(folder)
    finally:
        (folder / name).write_bytes(data)


def _with_forged_damage(folder: Path, name: str, data: bytes) -> None:
    manifest = (folder / layout.MANIFEST).read_bytes()
    if name == layout.MANIFEST:
        forge(folder, lambda content: content["facts"].pop("rows"))
    else:
        put(folder, name, data[: len(data) // 2])
    try:
        verify(folder)
    finally:
        (folder / name).write_bytes(data)
        (folder / layout.MANIFEST).write_bytes(manifest)
