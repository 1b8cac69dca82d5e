"""A store exported and read back: the same events, the same bytes. What was changed on the way is refused."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import sqlite3
import stat
from contextlib import closing

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from every_event import TEXTS, fill, of_every_kind
from memory_store import MemoryStore

import casemgmt as cm
from casemgmt import rule_files
from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.events.table import COLUMNS
from casemgmt.caseload.exchange import package
from casemgmt.caseload.exchange.reading import heads_of_export, read_export
from casemgmt.outputs.csv_text import BOM, read_csv
from casemgmt.outputs.folders import save_folder
from casemgmt.outputs.manifest import canonical, read_manifest

FORMATS = ("parquet", "csv")


@pytest.fixture(scope="module")
def caseload():
    store = MemoryStore()
    fill(store)
    return Caseload(store)


@pytest.fixture
def exported(caseload, tmp_path):
    return {form: caseload.export(tmp_path / "out" / form, form) for form in FORMATS}


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# What an export is


@pytest.mark.parametrize("form", FORMATS)
def test_the_events_come_back_as_they_were(caseload, exported, form):
    assert read_export(exported[form]).equals(caseload.store.events(COLUMNS))


@pytest.mark.parametrize("form", FORMATS)
def test_a_store_goes_out_in_and_out_again_with_the_same_bytes(exported, tmp_path, form):
    with cm.import_caseload(exported[form], tmp_path / "new.sqlite") as new:
        assert new.practices == ("C87001", "C87002")
        assert new.settings.review_every_months == 3
        for other in FORMATS:
            assert files_of(new.export(tmp_path / "again" / other, other)) == files_of(exported[other])


def test_nothing_in_it_can_be_read_by_others_whatever_the_umask(caseload, tmp_path):
    before = os.umask(0)
    try:
        folder = caseload.export(tmp_path / "out", "csv")
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_the_description_says_file_rows_sums_and_heads(caseload, exported):
    for form, folder in exported.items():
        said = json.loads((folder / "datapackage.json").read_bytes())
        (resource,) = said["resources"]
        data = (folder / resource["path"]).read_bytes()
        assert resource["path"] == f"events.{form}"
        assert resource["hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
        assert (resource["bytes"], resource["rows"]) == (len(data), caseload.events().num_rows)
        heads = {each["practice_id"]: (each["number"], bytes.fromhex(each["hash"])) for each in said["heads"]}
        assert heads == {code: tuple(head) for code, head in caseload.store.heads().items()}
        assert heads_of_export(folder) == heads
        assert sorted(path.name for path in folder.iterdir()) == sorted(
            ["README.txt", "datapackage.json", f"events.{form}", "manifest.json"]
        )


def test_any_program_reads_the_columns_that_the_description_names(exported):
    """Python's own reader of CSV, and pyarrow's of Parquet, under the types that the Table Schema says."""
    fields = json.loads((exported["csv"] / "datapackage.json").read_bytes())["resources"][0]["schema"]["fields"]
    text = (exported["csv"] / "events.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    table = pq.read_table(exported["parquet"] / "events.parquet")
    assert [field["name"] for field in fields] == list(rows[0]) == table.column_names
    for row in rows:
        for field in fields:
            value, constraints = row[field["name"]], field.get("constraints", {})
            if value == "":
                assert not constraints.get("required"), field["name"]
                continue
            assert re.search(constraints.get("pattern", ""), value)
            assert value in constraints.get("enum", [value])
            if field["type"] == "integer":
                assert int(value) >= constraints.get("minimum", int(value))
            elif field["type"] == "object":
                assert isinstance(json.loads(value), dict)
            elif field["type"] == "boolean":
                assert value in ("true", "false")
    keys = [(row["practice_id"], row["number"]) for row in rows]
    assert len(set(keys)) == len(keys)


def test_no_text_runs_in_a_spreadsheet_and_each_survives(caseload, exported):
    data = (exported["csv"] / "events.csv").read_bytes()
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    starts = ("=", "+", "-", "@", "＝", "\t", "\r")
    assert not [cell for row in rows for cell in row if cell.lstrip().startswith(starts)]
    assert set(read_csv(data).column("patient_id").to_pylist()) >= {text for text in TEXTS if text.startswith("=")}
    assert set(read_csv(data).column("reason").to_pylist()) & {"'=quoted", "''"}


def test_the_same_events_give_the_same_bytes_and_another_folder_is_not_touched(caseload, exported, tmp_path):
    assert files_of(caseload.export(tmp_path / "b", "csv")) == files_of(exported["csv"])
    with pytest.raises(cm.PublishError, match="holds an earlier export of a caseload"):
        caseload.export(tmp_path / "b", "csv")
    caseload.export(tmp_path / "b", "parquet", overwrite=True)
    assert not (tmp_path / "b" / "events.csv").exists()
    (tmp_path / "b" / "mine.txt").write_text("mine")
    with pytest.raises(cm.PublishError, match="did not write"):
        caseload.export(tmp_path / "b", "csv", overwrite=True)
    assert (tmp_path / "b" / "mine.txt").read_text() == "mine"


def test_what_a_killed_export_left_is_taken_away_and_what_is_not_its_own_stays(caseload, tmp_path):
    left = tmp_path / ".a.casemgmt-new"
    left.mkdir()
    (left / "events.csv").write_bytes(b"half")
    caseload.export(tmp_path / "a", "csv")
    assert not left.exists()
    (tmp_path / ".b.casemgmt-new").mkdir()
    (tmp_path / ".b.casemgmt-new" / "mine.txt").write_text("mine")
    with pytest.raises(cm.PublishError, match=r"mine\.txt"):
        caseload.export(tmp_path / "b", "csv")
    assert (tmp_path / ".b.casemgmt-new" / "mine.txt").read_text() == "mine"
    assert not (tmp_path / "b").exists()


def test_wrong_arguments_are_answered_in_a_sentence(caseload, tmp_path):
    with pytest.raises(cm.InputError, match="format must be 'parquet' or 'csv'"):
        caseload.export(tmp_path / "b", "xlsx")
    with pytest.raises(cm.InputError, match="folder is"):
        caseload.export("")
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_not_whole_is_not_exported(tmp_path):
    store = MemoryStore()
    fill(store)
    chain = store.chains["C87002"]
    chain[4] = chain[4]._replace(happened_on="2015-01-01")
    with pytest.raises(cm.VerifyError, match="a chain of events is not whole, and nothing was exported"):
        Caseload(store).export(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("gone", ["number = 45", "number > 0"])
def test_a_store_whose_last_events_are_gone_is_not_exported(exported, tmp_path, gone):
    """What is left is a whole chain; its head in the store says that there was more."""
    place = tmp_path / "new.sqlite"
    cm.import_caseload(exported["csv"], place).close()
    with closing(sqlite3.connect(place)) as connection, connection:
        connection.execute(f"DELETE FROM events WHERE practice_id = 'C87002' AND {gone}")
    with (
        cm.open_caseload(place) as caseload,
        pytest.raises(cm.VerifyError, match="is not whole, and nothing was exported"),
    ):
        caseload.export(tmp_path / "again")
    assert not (tmp_path / "again").exists()


# What was changed


def changed(folder, name, change, *, forge=False):
    """Change a file of an export; forged, its sums are made to fit."""
    files = files_of(folder)
    data = change(files[name])
    assert data != files[name]
    (folder / name).write_bytes(data)
    if forge:
        del files["manifest.json"]
        files[name] = data
        if name.startswith("events"):
            was, now = (hashlib.sha256(each).hexdigest() for each in (files_of_old[name], data))
            files["datapackage.json"] = files["datapackage.json"].replace(was.encode(), now.encode())
        save_folder(package.KIND, files, {"events": 0}, folder, overwrite=True)


files_of_old: dict[str, bytes] = {}


def lines(data):
    return data.removesuffix(b"\r\n").split(b"\r\n")


def joined(rows, end=b"\r\n"):
    return end.join(rows) + end


def columns_turned(data):
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([row[::-1] for row in rows])
    return BOM + out.getvalue().encode()


def saved_by_a_spreadsheet(data):
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


CHANGES = {
    "a digit": (lambda d: d.replace(b",2015-03-20,", b",2015-03-21,", 1), r"event \d+ of C87001: edited"),
    "a text": (lambda d: d.replace(b"Dr A", b"Dr B", 1), r"event \d+ of C87001: edited"),
    "a missing row": (
        lambda d: joined(lines(d)[:7] + lines(d)[8:]),
        "1 row missing; event 6 of C87001: deleted",
    ),
    "a missing last row": (
        lambda d: joined(lines(d)[:-1]),
        r"1 row missing; event \d+ of C87002: deleted, from the end of the chain",
    ),
    "a row twice": (lambda d: joined([*lines(d)[:7], *lines(d)[6:]]), "1 row too many"),
    "two rows exchanged": (lambda d: joined([*lines(d)[:4], lines(d)[5], lines(d)[4], *lines(d)[6:]]), "from row 5 on"),
    "other columns first": (columns_turned, "its columns stand in another order"),
    "a column more": (lambda d: joined(row + b',"x"' for row in lines(d)), "1 column more than were exported: 'x'"),
    "a column less": (lambda d: d.replace(b'"kind"', b'"sort"', 1), "1 column missing: 'kind'"),
    "no header": (lambda d: BOM + joined(lines(d)[1:]), "it cannot be read|first row is not the header"),
    "line ends": (lambda d: joined(lines(d), b"\n"), "the same, but written another way"),
    "no byte order mark": (lambda d: d.removeprefix(BOM), "the same, but written another way"),
    "a spreadsheet": (saved_by_a_spreadsheet, "the same, but written another way"),
    "days of a spreadsheet": (
        lambda d: d.replace(b",2015-03-31,", b",31/03/2015,"),
        "'happened_on' holds what it may not",
    ),
    "a number of a spreadsheet": (
        lambda d: d.replace(b'C87001",10,', b'C87001",1.0E+01,'),
        "'number' holds what it may not",
    ),
    "cut short": (lambda d: d[: len(d) // 2], "cannot be read|row"),
    "another encoding": (lambda d: d.decode("utf-8-sig").encode("utf-16"), "it cannot be read as a table"),
    "nothing": (lambda d: b"", "cannot be read|first row is not the header"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_csv_file_is_refused_with_what_and_where(exported, tmp_path, what):
    change, said = CHANGES[what]
    changed(exported["csv"], "events.csv", change)
    with pytest.raises(cm.VerifyError, match=r"'events\.csv' was changed since it was exported: ") as refused:
        cm.import_caseload(exported["csv"], tmp_path / "new.sqlite")
    assert re.search(said, str(refused.value)), str(refused.value)
    assert not (tmp_path / "new.sqlite").exists()
    assert not any(text in str(refused.value) for text in TEXTS if len(text) > 4)


def with_other_day(table):
    days = table.column("happened_on").to_pylist()
    days[3] = days[4]
    return table.set_column(4, "happened_on", pa.array(days, pa.date32()))


PARQUET_CHANGES = {
    "a missing row": (
        lambda t: pa.concat_tables([t.slice(0, 6), t.slice(7)]),
        "1 row missing; event 6 of C87001: deleted",
    ),
    "another order": (lambda t: t.take(list(range(t.num_rows))[::-1]), "rows stand in another order"),
    "other columns first": (lambda t: t.select(t.column_names[::-1]), "its columns stand in another order"),
    "a column more": (lambda t: t.append_column("note", t.column("kind")), "1 column more than were exported: 'note'"),
    "a day": (with_other_day, "event 3 of C87001: edited"),
    "written again": (lambda t: t, "the same, but written another way"),
}


@pytest.mark.parametrize("what", PARQUET_CHANGES)
def test_a_changed_parquet_file_is_refused_with_what_and_where(exported, tmp_path, what):
    change, said = PARQUET_CHANGES[what]
    path = exported["parquet"] / "events.parquet"
    pq.write_table(change(pq.read_table(path)), path, compression="snappy")
    with pytest.raises(cm.VerifyError, match=said):
        cm.import_caseload(exported["parquet"], tmp_path / "new.sqlite")
    assert not (tmp_path / "new.sqlite").exists()


def test_every_bit_of_every_file_counts(exported, tmp_path):
    """A flipped bit anywhere in what is read is refused, and nothing is made."""
    for folder in exported.values():
        for path in folder.iterdir():
            whole = path.read_bytes()
            for at in range(0, len(whole), max(1, len(whole) // 40)):
                path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
                with pytest.raises((cm.VerifyError, cm.InputError)):
                    cm.import_caseload(folder, tmp_path / "new.sqlite")
            path.write_bytes(whole)
    assert not (tmp_path / "new.sqlite").exists()


@pytest.mark.parametrize("form", FORMATS)
def test_sums_that_somebody_made_fit_do_not_hide_a_changed_event(exported, tmp_path, form):
    """Whoever can change the file can change its sums; the hashes of the events still tell."""
    name = f"events.{form}"
    files_of_old.update(files_of(exported[form]))
    if form == "csv":
        changed(exported[form], name, lambda d: d.replace(b"Dr A", b"Dr B", 1), forge=True)
    else:

        def other_day(data):
            out = io.BytesIO()
            pq.write_table(with_other_day(pq.read_table(io.BytesIO(data))), out)
            return out.getvalue()

        changed(exported[form], name, other_day, forge=True)
    with pytest.raises(cm.VerifyError, match=r"does not hold whole chains: event \d+ of C87001: edited"):
        cm.import_caseload(exported[form], tmp_path / "new.sqlite")


def test_a_chain_that_was_cut_off_with_its_sums_does_not_fit_the_heads(exported, tmp_path):
    files_of_old.update(files_of(exported["csv"]))
    changed(exported["csv"], "events.csv", lambda d: joined(lines(d)[:-1]), forge=True)
    with pytest.raises(cm.VerifyError, match=r"event \d+ of C87002: deleted, from the end of the chain"):
        cm.import_caseload(exported["csv"], tmp_path / "new.sqlite")


def test_missing_files_other_folders_and_later_formats_are_refused(exported, tmp_path):
    folder = exported["csv"]
    with pytest.raises(cm.InputError, match=r"is no folder that caseload\.export wrote"):
        cm.import_caseload(tmp_path, tmp_path / "new.sqlite")
    with pytest.raises(cm.InputError, match=r"is no folder that caseload\.export wrote"):
        cm.import_caseload(tmp_path / "nowhere", tmp_path / "new.sqlite")
    later = lambda d: d.replace(b'"format_version": 1', b'"format_version": 2')  # noqa: E731
    changed(folder, "datapackage.json", later, forge=True)
    with pytest.raises(cm.VerifyError, match="of another form than this version"):
        cm.import_caseload(folder, tmp_path / "new.sqlite")
    (exported["parquet"] / "events.parquet").unlink()
    with pytest.raises(cm.VerifyError, match=r"'events\.parquet' is missing"):
        cm.import_caseload(exported["parquet"], tmp_path / "new.sqlite")


def test_an_export_with_other_columns_of_details_is_read(exported, tmp_path):
    """Another version may know other kinds of event; the column of details says all that is needed."""
    name, folder = "events.parquet", exported["parquet"]
    files_of_old.update(files_of(folder))

    def without_gp(data):
        out = io.BytesIO()
        pq.write_table(pq.read_table(io.BytesIO(data)).drop_columns(["gp"]), out)
        return out.getvalue()

    before = read_export(folder)
    changed(folder, name, without_gp, forge=True)
    changed(folder, "datapackage.json", lambda d: d.replace(b'"name": "gp"', b'"name": "doctor"'), forge=True)
    assert read_export(folder).equals(before)


@pytest.mark.parametrize(
    "said", [b"{}", b"[]", b'{"resources": []}', b'{"resources": [{}], "heads": 3}', b"null", b"\xff"]
)
def test_a_forged_description_is_refused_in_words(exported, tmp_path, said):
    changed(exported["csv"], "datapackage.json", lambda _: said, forge=True)
    with pytest.raises(cm.VerifyError, match=r"'datapackage\.json' does not describe"):
        cm.import_caseload(exported["csv"], tmp_path / "new.sqlite")


@pytest.mark.parametrize("files", [None, [], 3, {"events.csv": 3}, {"datapackage.json": {}}, {}])
def test_a_forged_manifest_is_refused_in_words(exported, tmp_path, files):
    path = exported["csv"] / "manifest.json"
    said = {k: v for k, v in read_manifest(path.read_bytes(), package.KIND.format).items() if k != "manifest_sha256"}
    path.write_bytes(canonical(said | {"files": files}))
    with pytest.raises(cm.VerifyError, match=r"names no files|was changed"):
        cm.import_caseload(exported["csv"], tmp_path / "new.sqlite")


def test_a_pipe_in_place_of_a_file_is_not_waited_for(exported, tmp_path):
    (exported["csv"] / "events.csv").unlink()
    os.mkfifo(exported["csv"] / "events.csv")
    with pytest.raises(cm.VerifyError, match="cannot be read"):
        cm.import_caseload(exported["csv"], tmp_path / "new.sqlite")


# Where it is read to


def test_a_store_that_holds_anything_is_refused_and_stays_as_it_was(exported, tmp_path):
    place = tmp_path / "there.sqlite"
    cm.import_caseload(exported["csv"], place).close()
    before = place.read_bytes()
    with pytest.raises(cm.PublishError, match="is not empty"):
        cm.import_caseload(exported["csv"], place)
    assert place.read_bytes() == before
    (tmp_path / "text.sqlite").write_text("something else")
    with pytest.raises(cm.PublishError, match="is not empty"):
        cm.import_caseload(exported["csv"], tmp_path / "text.sqlite")
    assert (tmp_path / "text.sqlite").read_text() == "something else"


def test_what_was_read_in_goes_on_where_it_stood(exported, tmp_path):
    with cm.import_caseload(exported["parquet"], tmp_path / "new.sqlite") as new:
        before = new.store.heads()["C87001"]
        with new.store.writing(["C87001"]) as writing:
            (added,) = writing.append([of_every_kind()[0]])
        assert (added.number, added.previous) == (before.number + 1, before.hash)


def test_a_file_takes_the_room_that_it_needs_and_no_more(tmp_path, monkeypatch):
    """The most that an export may be is more than there is memory: what is asked for goes by the file."""
    import builtins

    asked = []

    class Counting(io.FileIO):
        def read(self, size=-1):
            asked.append(size)
            return super().read(size)

    path = tmp_path / "a"
    path.write_bytes(b"some words")
    with monkeypatch.context() as replaced:
        replaced.setattr(builtins, "open", Counting)
        assert rule_files.plain_bytes(path, 16_000_000_000) == b"some words"
    assert asked
    assert max(asked) <= 2_000_000
    path.write_bytes(b"more than ten")
    with pytest.raises(rule_files.TooLargeError):
        rule_files.plain_bytes(path, 10)
