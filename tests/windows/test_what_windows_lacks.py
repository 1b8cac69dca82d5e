"""Names, lengths, numbers of files, rights, shares and zones: what Windows has otherwise, one by one."""

from __future__ import annotations

import ctypes
import datetime as dt
import errno
import os
import subprocess
import sys
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import windows_disk
from publications import files_of, names_in, register_of, selection_of
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt import disk, system
from casemgmt.arrow import local_times, utc_as_text
from casemgmt.cli import app
from casemgmt.cli.files import note_who_may_read, write_table
from casemgmt.errors import InputError, PublishError
from casemgmt.outputs import layout, published
from casemgmt.outputs.published import verify
from casemgmt.results.selection import Selection

# Names

HOSTILE = (
    "CON",
    "nul",
    "COM1",
    "lpt9",
    "aux.x",
    "C87001.",
    "C87001 ",
    "a:b",
    "a|b",
    'a"b',
    "a<b>",
    "a?b*",
    "a\\b",
    "x" * 300,
)


@pytest.fixture(scope="module")
def selection() -> Selection:
    return selection_of(register_of(["C87001"], people=40))


def test_the_files_of_practices_of_any_code_have_names_that_windows_holds_and_tells_apart():
    codes = [*HOSTILE, "c87001", "C87001", "C87001-waiting", "C87001-WAITING", "é", "\u212a", "K", "k", ""]
    names = [name for code in codes for name in layout.files_of_practice(code)]
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        parts = PureWindowsPath(name).parts
        assert parts == tuple(name.split("/"))
        assert not PureWindowsPath(name).is_reserved()
        assert [system.why_not_a_name(part) for part in parts] == ["", ""], name
        assert len(parts[-1]) < 145


def test_practices_of_codes_that_windows_cannot_hold_are_published_and_read_back(on_windows, tmp_path):
    made = selection_of(register_of(["CON", "a:b", "c87001", "C87002", "x."], people=30))
    folder = made.save(tmp_path / "out", overwrite=True)
    assert verify(folder).counts["practices"] == 5
    assert sorted(cm.load_selection(folder).practices) == sorted(made.practices)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("lists:2015", "it holds ':'"),
        ("what?", "it holds '?'"),
        ("con", "a device is called so"),
        ("Nul.csv", "a device is called so"),
        ("COM¹", "a device is called so"),
        ("lists.", "full stop or a space"),
        ("lists ", "full stop or a space"),
    ],
)
def test_a_name_that_windows_cannot_hold_is_refused_with_the_reason_before_anything_is_made(
    on_windows, selection, tmp_path, name, why
):
    for target in (tmp_path / "work" / name, tmp_path / "work" / name / "out"):
        with pytest.raises(PublishError, match="Windows has no files or folders of this name") as caught:
            selection.save(target)
        assert why in str(caught.value)
        assert str(caught.value).endswith("Choose another.")
    with pytest.raises(system.WordedError, match="Choose another"):
        disk.replace_file(tmp_path / name, b"")
    assert names_in(tmp_path) == []


def test_a_device_or_the_root_of_a_disk_is_no_file(on_windows):
    for path in ("/", "/dev/.."):
        with pytest.raises(system.WordedError, match="Choose another"):
            disk.replace_file(Path(os.path.abspath(path)), b"")  # noqa: PTH100 - as the commands make it whole


def test_the_same_names_are_taken_elsewhere(selection, tmp_path):
    assert verify(selection.save(tmp_path / "lists: what?")).counts["practices"] == 1
    assert (
        system.why_not_a_name("C87001.csv") == system.why_not_a_name("console") == system.why_not_a_name("a.con") == ""
    )


# Lengths


@pytest.mark.parametrize(("length", "what", "most"), [(214, "file", 259), (230, "folder", 247)])
def test_a_path_that_is_too_long_for_windows_is_told_with_its_length_and_nothing_is_left(
    on_windows, selection, tmp_path, length, what, most
):
    parts = "/".join(["x" * 40] * 9)
    folder = Path(f"{tmp_path}/{parts}"[:length].rstrip("/"))
    said = rf"the path of a {what} would have 2\d\d letters, and this machine takes {most}\. Choose a folder nearer"
    with pytest.raises(PublishError, match=said):
        selection.save(folder / "lists")
    assert names_in(tmp_path) == []


def test_a_single_file_whose_path_is_too_long_is_told_so(on_windows, selection, tmp_path):
    with pytest.raises(PublishError, match=r"this machine takes 259\."):
        write_table(selection.summary(), tmp_path / ("x" * 210 + ".csv"), overwrite=False)
    assert names_in(tmp_path) == []


def test_a_machine_that_takes_long_paths_is_not_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(system, "ON_WINDOWS", True)
    long = tmp_path / ("x" * 250)
    with pytest.raises(system.WordedError):
        system.check_length(long)
    asked = SimpleNamespace(ntdll=SimpleNamespace(RtlAreLongPathsEnabled=lambda: 0x7F01))
    monkeypatch.setattr(ctypes, "windll", asked, raising=False)
    system.check_length(long)
    system.check_length(Path("\\\\?\\" + "x" * 400), is_folder=True)


# Numbers of files


def test_a_register_and_a_caseload_are_not_taken_for_changed_where_numbers_of_files_change(on_windows, tmp_path):
    path = tmp_path / "register.parquet"
    cm.synthesise("C87616", as_of="2021-01-01", seed=0, to=path)
    register = cm.read_register(path, as_of="2021-01-01")
    scanned = cm.scan_register(path, as_of="2021-01-01")
    assert [part.sha256 for part in scanned.parts] == [part.sha256 for part in register.parts]
    with cm.open_caseload(tmp_path / "caseload.sqlite", create=True, review_every_months=3) as caseload:
        for _ in range(3):
            assert caseload.verify().whole


def test_a_register_that_is_written_while_it_is_read_is_refused_all_the_same(on_windows, tmp_path):
    path = tmp_path / "register.parquet"
    cm.synthesise("C87616", as_of="2021-01-01", seed=0, to=path)
    scanned = cm.scan_register(path, as_of="2021-01-01")
    pq.write_table(pq.read_table(path).slice(1), path)
    with pytest.raises(InputError, match="changed"):
        assert [part.sha256 for part in scanned.parts]


def test_a_publication_is_the_same_one_until_another_takes_its_place(on_windows, selection, tmp_path):
    folder = selection.save(tmp_path / "out")
    before = published._identity(folder)
    assert before == published._identity(folder) is not None
    selection.save(folder, overwrite=True)
    assert published._identity(folder) != before
    assert published._identity(tmp_path / "nothing") is None


# Rights


def test_a_single_file_is_said_to_be_no_more_private_than_its_folder_and_only_there(
    on_windows, selection, tmp_path, capsys
):
    note_who_may_read.cache_clear()
    for name in ("a.csv", "b.csv"):
        write_table(selection.summary(), tmp_path / name, overwrite=False)
    assert capsys.readouterr().err.count("whoever may read the folder may read a file written to it") == 1
    note_who_may_read.cache_clear()


def test_elsewhere_nothing_is_said_of_rights(selection, tmp_path, capsys):
    note_who_may_read.cache_clear()
    write_table(selection.summary(), tmp_path / "a.csv", overwrite=False)
    assert (capsys.readouterr().err, system.note_of_folder((3, 11, 0))) == ("", "")


def test_a_folder_is_private_from_the_release_of_python_on_that_makes_it_so(on_windows):
    assert "From Python 3.11.10 on" in system.note_of_folder((3, 11, 9))
    assert "From Python 3.12.4 on" in system.note_of_folder((3, 12, 3))
    assert [system.note_of_folder(each) for each in ((3, 11, 10), (3, 12, 4), (3, 13, 0), (3, 14, 0))] == [""] * 4


# Shares


@pytest.mark.parametrize("place", [r"\\server\share\caseload.sqlite", r"\\?\UNC\server\share\caseload.sqlite"])
def test_a_caseload_on_a_share_is_refused_with_what_to_use(on_windows, tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    for create in (True, False):
        with pytest.raises(PublishError, match=r"is on a network share.*or PostgreSQL where a team"):
            cm.open_caseload(place, create=create, review_every_months=3 if create else None)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(("kind", "is_remote"), [(3, False), (4, True)])
def test_a_letter_that_stands_for_a_share_is_known(on_windows, monkeypatch, kind, is_remote):
    drives = SimpleNamespace(kernel32=SimpleNamespace(GetDriveTypeW=lambda root: kind))
    monkeypatch.setattr(ctypes, "windll", drives, raising=False)
    assert system.is_on_a_share(Path("/data/caseload.sqlite")) is is_remote


def test_a_file_has_its_address_for_sqlite_with_the_mark_of_a_long_path_or_without(tmp_path):
    assert system.file_address(tmp_path / "a b?.sqlite") == (tmp_path / "a b?.sqlite").as_uri()
    assert system.file_address(tmp_path / "a b?.sqlite").endswith("/a%20b%3F.sqlite")


# Zones: Arrow has no table of them on Windows

ZONES = """
import sys
import windows_layer
if not windows_layer.hide_zones():
    sys.exit("not allowed")
import datetime as dt
from pathlib import Path
import pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq
import casemgmt as cm
from publications import register_of

moments = pa.array([dt.datetime(1948, 9, 3, tzinfo=dt.UTC)] * 40, pa.timestamp("us", "UTC"))
try:
    pc.strftime(moments, "%Y")
except pa.ArrowInvalid:
    pass
else:
    sys.exit("the zones are there")
folder = Path(sys.argv[1])
with cm.open_caseload(folder / "caseload.sqlite", create=True, review_every_months=3) as caseload:
    for form in ("csv", "parquet"):
        caseload.export(folder / form, format=form)
        cm.import_caseload(folder / form, folder / f"{form}.sqlite").close()
    assert caseload.verify(caseload.heads()).whole
table = pa.table({"patient_id": [f"p{i}" for i in range(40)], "practice_id": ["C87001"] * 40, "date_of_birth": moments})
register = cm.read_register(table, as_of="2015-04-01")
assert register.quarantine.num_rows == 0 and register.to_arrow().column("age")[0].as_py() == 66, register
print("done")
"""


def test_a_caseload_and_dates_in_utc_need_no_table_of_zones(tmp_path):
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "tests/helpers"), str(root)])}
    words = [sys.executable, "-c", ZONES, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    assert done.stdout == "done\n" or "not allowed" in done.stderr, done.stderr


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("between", [" ", "T"])
def test_times_in_utc_are_written_as_arrow_writes_them(unit, between):
    import pyarrow.compute as pc

    moments = [dt.datetime(2015, 4, 1, 9, 30, 5, tzinfo=dt.UTC), None, dt.datetime(1900, 1, 1, tzinfo=dt.UTC)]
    column = pa.chunked_array([pa.array(moments, pa.timestamp(unit, "UTC"))])
    expected = pc.strftime(column, f"%Y-%m-%d{between}%H:%M:%SZ")
    assert utc_as_text(column, between).equals(expected)
    assert local_times(column).equals(pc.local_timestamp(column))
    assert local_times(column.cast(pa.timestamp(unit, "Europe/London")))[0].as_py().hour == 10


# The layer itself


def test_the_simulation_refuses_what_windows_refuses(on_windows, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_text("a")
    (tmp_path / "b").write_text("b")

    def number_of(act: Any, *arguments: Any) -> int:
        with pytest.raises(OSError) as caught:
            act(*arguments)
        return caught.value.winerror

    with windows_disk.held_open(folder / "a"):
        assert number_of(os.rename, folder, tmp_path / "moved") == 5
        assert number_of(os.replace, tmp_path / "b", folder / "a") == 5
        assert number_of(os.unlink, folder / "a") == 32
        assert number_of((folder / "a").unlink) == 32
    assert number_of(os.rename, tmp_path / "b", folder) == 183
    assert number_of(os.mkdir, tmp_path / "FOLDER") == 183
    assert number_of(os.mkdir, tmp_path / "nul") == number_of(os.mkdir, tmp_path / "a:b") == 123
    assert number_of(os.mkdir, tmp_path / ("x" * 250)) == 206
    assert not hasattr(os, "fork") and not hasattr(os, "O_NOFOLLOW")
    with pytest.raises(ImportError):
        import fcntl  # noqa: F401
    (tmp_path / "b").replace(folder / "a")
    folder.rename(tmp_path / "moved")
    assert files_of(tmp_path) == {"moved/a": b"b"}


def test_each_test_that_is_left_out_is_there_and_has_a_reason():
    import ast

    import windows_exceptions

    tests = Path(__file__).parents[1]
    for path, names in windows_exceptions.LEFT_OUT.items():
        made = {
            each.name
            for each in ast.walk(ast.parse((tests / path).read_text(encoding="utf-8")))
            if isinstance(each, ast.FunctionDef)
        }
        assert {name.partition("[")[0] for name in names} <= made, path
        assert set(names.values()) <= set(windows_exceptions.REASONS), path


# The program


@pytest.mark.parametrize("code_page", ["cp1252", "cp437"])
def test_the_program_prints_on_a_stream_of_an_old_code_page(code_page):
    environment = {**os.environ, "PYTHONIOENCODING": code_page}
    words = [sys.executable, "-m", "casemgmt", "schemes", "avoiding-unplanned-admissions-2014-15", "--text"]
    done = subprocess.run(words, capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "[scheme]" in done.stdout.decode(code_page)


def test_what_commands_print_of_themselves_is_in_cp1252():
    runner = CliRunner(charset="cp1252")
    for words in (
        ["--help"],
        ["select", "--help"],
        ["fields"],
        ["schemes"],
        ["models"],
        ["schemes", "rotherham-2015-16"],
    ):
        result = runner.invoke(app, words)
        assert result.exit_code == 0, (words, result.exception)


def test_an_error_of_the_disk_keeps_its_own_words_elsewhere(selection, tmp_path, monkeypatch):
    def rename(source: Any, target: Any) -> None:
        raise windows_disk.refused(errno.EACCES, 32, source)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(PublishError, match="Choose a folder that you may write to"):
        selection.save(tmp_path / "out")
