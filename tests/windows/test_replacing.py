"""What another program has open: a moment is waited for, a spreadsheet is named, and what was there stays as it was."""

from __future__ import annotations

import os
import threading
import time
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import windows_disk
from publications import files_of, names_in, register_of, selection_of
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt import disk, system
from casemgmt.cli import app
from casemgmt.cli.files import write_table
from casemgmt.errors import PublishError
from casemgmt.outputs.csv_text import to_csv
from casemgmt.outputs.folders import Kind, save_folder
from casemgmt.outputs.published import verify
from casemgmt.results.selection import Selection

pytestmark = pytest.mark.usefixtures("on_windows")
CLOSE_IT = r"Close it there \(in Excel, say\), then run again\.$"


@pytest.fixture(scope="module")
def first() -> Selection:
    return selection_of(register_of(["C87001"], people=40))


@pytest.fixture(scope="module")
def second() -> Selection:
    return selection_of(register_of(["C87001"], people=41))


@pytest.fixture(params=["practices/C87001.csv", "manifest.json", "processor/selection.parquet"])
def opened(request: pytest.FixtureRequest) -> str:
    return request.param


def test_a_list_that_is_open_in_a_spreadsheet_is_named_in_one_sentence_and_nothing_is_changed(
    first, second, tmp_path, opened
):
    target = first.save(tmp_path / "lists")
    before = files_of(target)
    with windows_disk.held_open(target / opened):
        began = time.monotonic()
        with pytest.raises(PublishError, match=f"open in another program.*{CLOSE_IT}") as caught:
            second.save(target, overwrite=True)
        assert time.monotonic() - began < system.PATIENCE_SECONDS + 2
        assert caught.value.exit_code == 4
        assert files_of(target) == before
        assert names_in(tmp_path) == ["lists"]
    second.save(target, overwrite=True)
    assert verify(target).counts["practices"] == 1
    assert files_of(target) != before


def test_who_lets_go_in_a_moment_as_a_virus_scanner_does_is_waited_for(first, second, tmp_path, opened):
    target = first.save(tmp_path / "lists")
    before, held = files_of(target), windows_disk.held_open(target / opened)
    let_go = threading.Timer(0.15, held.close)
    let_go.start()
    second.save(target, overwrite=True)
    let_go.join()
    assert files_of(target) != before
    assert names_in(tmp_path) == ["lists"]


def test_one_file_that_is_open_is_named_in_one_sentence_and_stays_as_it_was(first, tmp_path):
    target = tmp_path / "summary.csv"
    target.write_text("as it was")
    with windows_disk.held_open(target), pytest.raises(PublishError, match=CLOSE_IT):
        write_table(first.summary(), target, overwrite=True)
    assert target.read_text() == "as it was"
    assert names_in(tmp_path) == ["summary.csv"]
    write_table(first.summary(), target, overwrite=True)
    assert target.read_text() != "as it was"


def test_one_file_that_is_let_go_of_in_a_moment_is_replaced(first, tmp_path):
    target = tmp_path / "summary.csv"
    target.write_text("as it was")
    let_go = threading.Timer(0.15, windows_disk.held_open(target).close)
    let_go.start()
    write_table(first.summary(), target, overwrite=True)
    let_go.join()
    assert target.read_text() != "as it was"


def test_an_earlier_publication_that_is_opened_while_it_is_deleted_is_named_and_the_new_one_stands(
    first, second, tmp_path, monkeypatch
):
    target, held, real = first.save(tmp_path / "lists"), [], os.rename

    def rename(source, destination):
        real(source, destination)
        if Path(destination) == disk.beside(target, disk.OLD):
            held.append(windows_disk.held_open(Path(destination) / "practices/C87001.csv"))

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(PublishError, match="holds the new publication, but the earlier one could not be deleted"):
        second.save(target, overwrite=True)
    monkeypatch.setattr(os, "rename", real)
    after = files_of(target)
    held[0].close()
    assert verify(target).counts["practices"] == 1
    assert (files_of(target), names_in(tmp_path)) == (after, ["lists"])


KIND = Kind(called="folder", format="casemgmt test", folders=("inside",), may_hold=lambda name: name.endswith(".txt"))


def a_model(folder: Path, overwrite: bool) -> str:
    cm.load_model("lace").save(folder, overwrite=overwrite)
    return "card.md"


def a_folder(folder: Path, overwrite: bool) -> str:
    save_folder(KIND, {"inside/a.txt": b"a"}, {}, folder, overwrite=overwrite)
    return "inside/a.txt"


def an_export(folder: Path, overwrite: bool) -> str:
    place = folder.parent / "caseload.sqlite"
    with cm.open_caseload(place, create=not overwrite, review_every_months=None if overwrite else 3) as caseload:
        caseload.export(folder, overwrite=overwrite)
    return "events.parquet"


@pytest.mark.parametrize("save", [a_model, a_folder, an_export])
def test_every_kind_of_folder_says_the_same(tmp_path, save):
    target = tmp_path / "folder"
    inside = save(target, False)
    before = files_of(target)
    with windows_disk.held_open(target / inside), pytest.raises(PublishError, match="Close it there"):
        save(target, True)
    assert files_of(target) == before
    assert not [name for name in names_in(tmp_path) if name.startswith(".")]
    save(target, True)


def test_a_packed_register_is_replaced_beside_a_register_that_was_scanned_from_it_and_named_while_it_is_read(tmp_path):
    register = register_of(["C87001"], people=40)
    path = register.save_packed(tmp_path / "packed.parquet")
    scanned = cm.scan_register(path, as_of="2015-04-01")
    register.save_packed(path)
    with windows_disk.held_open(path), pytest.raises(PublishError, match=CLOSE_IT):
        register.save_packed(path)
    assert "1 practice" in repr(scanned)
    assert names_in(tmp_path) == ["packed.parquet"]


def written(folder: Path, ending: str) -> Path:
    table = pa.table(
        {"patient_id": [f"p{n:03}" for n in range(300)], "practice_id": ["C87001"] * 300, "age": [70] * 300}
    )
    path = folder / f"register.{ending}"
    if ending == "csv":
        path.write_bytes(to_csv(table))
    elif ending == "arrow":
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    else:
        pq.write_table(table, path, compression="none", use_dictionary=False, write_page_checksum=True)
    return path


@pytest.mark.parametrize(
    ("ending", "read"),
    [
        *((ending, cm.read_register) for ending in ("csv", "arrow", "parquet")),
        ("parquet", partial(cm.scan_register, decoder="polars")),
        ("parquet", partial(cm.scan_register, decoder="pyarrow")),
    ],
    ids=["csv", "arrow", "parquet", "polars", "pyarrow"],
)
def test_a_file_that_was_read_is_neither_open_nor_in_memory_while_its_register_is_used(tmp_path, ending, read):
    path = written(tmp_path, ending)
    register = read(path, as_of="2015-04-01")
    ids = register.save_packed(tmp_path / "packed.parquet")
    assert not windows_disk.is_held(path) and not windows_disk.is_mapped(path)
    path.replace(tmp_path / "moved")
    with windows_disk.held_open(ids):
        assert windows_disk.is_held(ids) and not windows_disk.is_mapped(ids)
    with pa.memory_map(str(ids)) as mapped:
        mapped.read(4)
        assert windows_disk.is_mapped(ids)
    assert "300" in repr(register)


def test_the_command_line_says_it_too_and_ends_in_4(tmp_path):
    cm.synthesise("C87616", as_of="2021-01-01", seed=0, to=tmp_path / "register.parquet")
    words = ["score", str(tmp_path / "register.parquet"), "--as-of", "2021-01-01"]
    words += ["--model", "cambridge-multimorbidity-20", "--out", str(tmp_path / "scores.csv"), "--overwrite"]
    assert CliRunner().invoke(app, words).exit_code == 0
    with windows_disk.held_open(tmp_path / "scores.csv"):
        result = CliRunner().invoke(app, words)
    assert result.exit_code == 4
    assert "Close it there (in Excel, say), then run again." in " ".join(result.output.split())
