"""A caseload is opened where it is one, made where nothing is, and nothing else is touched."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from appending import append_as_nobody, children, proposed
from older_stores import later_scripts

import casemgmt as cm
from casemgmt.caseload.events.event import hash_of
from casemgmt.caseload.events.table import events_table, stored_events
from casemgmt.caseload.opening import restored_caseload
from casemgmt.caseload.store import migrating, opening, schema
from casemgmt.caseload.store.places import place_of


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_new_caseload_has_its_settings_and_is_there_when_it_is_opened_again(where):
    with cm.open_caseload(where, create=True, review_every_months=3) as made:
        assert made.settings == (3,)
        assert made.practices == ()
        assert made.events().num_rows == 1
        made.record([{"practice_id": "A", "kind": "died", "patient_id": "1", "happened_on": "2015-04-01"}])
        made.change_settings(review_every_months=6, by="AB")
    with cm.open_caseload(where) as opened:
        assert opened.settings.review_every_months == 6
        assert opened.practices == ("A",)
        assert opened.verify().whole


def test_what_is_there_is_not_made_again(where):
    cm.open_caseload(where, create=True, review_every_months=3).close()
    with pytest.raises(cm.PublishError, match="is not empty: open it without create=True"):
        cm.open_caseload(where, create=True, review_every_months=6)
    with cm.open_caseload(where) as opened:
        assert opened.settings.review_every_months == 3


def test_what_is_not_there_is_not_made_unless_asked(tmp_path):
    for name in ("a.sqlite", "folder/a.sqlite"):
        with pytest.raises(cm.InputError, match=r"There is no caseload at .* give create=True and review"):
            cm.open_caseload(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_of_postgresql_is_no_caseload(postgresql):
    with pytest.raises(cm.InputError, match="is no caseload: its table of versions is missing"):
        cm.open_caseload(postgresql.new_database())


def test_a_database_of_another_application_is_left_alone(postgresql):
    address = postgresql.new_database()
    name = place_of(address).url.database
    postgresql.run("CREATE TABLE theirs (a int)", name)
    with pytest.raises(cm.InputError, match="no caseload"):
        cm.open_caseload(address)
    with pytest.raises(cm.PublishError, match="is not empty"):
        cm.open_caseload(address, create=True, review_every_months=3)
    assert postgresql.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name) == [("theirs",)]


def another_application(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    connection.close()


FILES = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("practice_id,kind\n" * 100),
    "short": lambda path: path.write_bytes(b"SQL"),
    "half a header": lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(20)),
    "another application's": another_application,
    "folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("kind", FILES)
def test_what_is_no_caseload_is_refused_and_left_as_it_was(tmp_path, kind):
    path = tmp_path / "it.sqlite"
    FILES[kind](path)
    before = contents(tmp_path)
    with pytest.raises(cm.CasemgmtError):
        cm.open_caseload(path)
    assert contents(tmp_path) == before
    if kind != "empty":
        with pytest.raises(cm.CasemgmtError):
            cm.open_caseload(path, create=True, review_every_months=3)
        assert contents(tmp_path) == before


def test_an_empty_file_is_an_empty_place(tmp_path):
    """It is what a run leaves that was killed before it wrote anything."""
    path = tmp_path / "it.sqlite"
    path.write_bytes(b"")
    with cm.open_caseload(path, create=True, review_every_months=3) as made:
        assert made.settings.review_every_months == 3


def test_create_needs_the_months_between_reviews(tmp_path):
    path = tmp_path / "it.sqlite"
    with pytest.raises(cm.InputError, match="needs review_every_months="):
        cm.open_caseload(path, create=True)
    for months in (0, -1, 61):
        with pytest.raises(cm.InputError, match="1 to 60"):
            cm.open_caseload(path, create=True, review_every_months=months)
    with pytest.raises(cm.InputError, match="belongs to create=True"):
        cm.open_caseload(path, review_every_months=3)
    assert list(tmp_path.iterdir()) == []


def test_files_and_folders_are_private(tmp_path):
    before = os.umask(0)
    try:
        path = tmp_path / "new" / "inner" / "caseload.sqlite"
        with cm.open_caseload(path, create=True, review_every_months=3) as made:
            modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.rglob("*")}
            made.record([{"practice_id": "A", "kind": "died", "patient_id": "1", "happened_on": "2015-04-01"}])
            modes |= {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.rglob("*")}
    finally:
        os.umask(before)
    files = {"caseload.sqlite": 0o600, "caseload.sqlite-wal": 0o600, "caseload.sqlite-shm": 0o600}
    assert modes == {"new": 0o700, "inner": 0o700, **files}
    assert [each.name for each in path.parent.iterdir()] == ["caseload.sqlite"]  # no lock, no log once it is closed


def test_nothing_stays_of_a_caseload_that_could_not_be_made(tmp_path, monkeypatch):
    def fails(connection):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(opening, "_mark", fails)
    with pytest.raises(cm.PublishError, match="No space left"):
        cm.open_caseload(tmp_path / "new" / "caseload.sqlite", create=True, review_every_months=3)
    assert list(tmp_path.iterdir()) == []


def test_a_path_a_text_and_an_address_mean_the_same_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cm.open_caseload("c.sqlite", create=True, review_every_months=3).close()
    for where in ("c.sqlite", Path("c.sqlite"), "sqlite:///c.sqlite", f"sqlite:///{tmp_path}/c.sqlite"):
        with cm.open_caseload(where) as opened:
            assert opened.practices == ()


@pytest.mark.parametrize(
    "where",
    [
        *("mysql://u@h/d", "sqlite://", "sqlite:///:memory:", "sqlite+aiosqlite:///x", "postgresql+asyncpg://h/d"),
        *("nothing://", "://", "postgresql://h:port/d", "", " ", "a\0b", "\ud800", None, 7, b"c.sqlite"),
    ],
)
def test_a_place_that_is_none_is_refused(where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for given in ({}, {"create": True, "review_every_months": 3}):
        with pytest.raises(cm.InputError, match="where="):
            cm.open_caseload(where, **given)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg://somebody:geheim@127.0.0.1:1/db",
        "postgresql://somebody@127.0.0.1:1/db?password=geheim&connect_timeout=2",
        "postgres://somebody:geheim@/db?host=/nowhere",
    ],
)
def test_a_password_is_never_shown(address):
    place = place_of(address)
    assert "geheim" not in repr(place) + place.shown
    assert "somebody@" in place.shown
    with pytest.raises(cm.CasemgmtError, match="cannot be reached") as refused:
        cm.open_caseload(address)
    assert "geheim" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_a_wrong_database_of_the_server_is_said(postgresql):
    with pytest.raises(cm.CasemgmtError, match="refuses the user, the password or the database"):
        cm.open_caseload(postgresql.address("not_there"))


def test_without_psycopg_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(cm.InputError, match=r"casemgmt\[postgresql\]"):
        cm.open_caseload("postgresql+psycopg://127.0.0.1:1/db")


# Older and later stores.


@pytest.fixture
def older(where, tmp_path, monkeypatch):
    """A store of this release, as a later release finds it."""
    with cm.open_caseload(where, create=True, review_every_months=3) as made, made.store.writing(["A"]) as writing:
        writing.append([proposed("A", str(n)) for n in range(10)])
    monkeypatch.setattr(migrating, "SCRIPTS", later_scripts(tmp_path))
    return where


def test_an_older_store_is_migrated_only_when_asked(older):
    with pytest.raises(cm.InputError, match=r"earlier release of casemgmt\. Copy it, then open it with migrate=True"):
        cm.open_caseload(older)
    with cm.open_caseload(older, migrate=True) as opened:
        assert opened.events(practice_id="A").num_rows == 10
        assert opened.verify().whole
        with opened.store.writing(["A"]) as writing:
            writing.append([proposed("A", "later")])
    with cm.open_caseload(older) as opened:
        assert opened.events(practice_id="A").num_rows == 11


def test_a_migration_that_fails_leaves_the_store_as_it_was(where, tmp_path, monkeypatch):
    cm.open_caseload(where, create=True, review_every_months=3).close()
    with monkeypatch.context() as later:
        later.setattr(migrating, "SCRIPTS", later_scripts(tmp_path, last='op.execute("SELECT * FROM not_there")'))
        with pytest.raises(cm.CasemgmtError):
            cm.open_caseload(where, migrate=True)
    with cm.open_caseload(where) as opened:
        assert opened.verify().whole


def test_a_store_that_is_not_whole_is_not_migrated(older):
    from casemgmt.caseload.store.engines import engine_of, writing_on

    engine = engine_of(place_of(older))
    with writing_on(engine).begin() as connection:
        connection.execute(schema.events.delete().where(schema.events.c.number == 4))
    engine.dispose()
    for _ in range(2):
        with pytest.raises(cm.VerifyError, match="is not whole, and was not migrated"):
            cm.open_caseload(older, migrate=True)


def test_a_later_store_is_refused(where, tmp_path, monkeypatch):
    with monkeypatch.context() as later:
        later.setattr(migrating, "SCRIPTS", later_scripts(tmp_path))
        cm.open_caseload(where, create=True, review_every_months=3).close()
    for migrate in (False, True):
        with pytest.raises(cm.InputError, match="later release of casemgmt"):
            cm.open_caseload(where, migrate=migrate)


def test_the_migrations_make_the_tables_that_the_library_uses(where):
    import sqlalchemy as sa

    def shape(columns):
        return [(each["name"], str(each["type"]).split(" ")[0], each["nullable"]) for each in columns]

    with cm.open_caseload(where, create=True, review_every_months=3) as made:
        with made.store.engine.begin() as connection:
            looked = sa.inspect(connection)
            made_tables = {table: shape(looked.get_columns(table)) for table in ("events", "chains")}
            collations = (
                connection.exec_driver_sql(
                    "SELECT count(*) FROM information_schema.columns "
                    "WHERE collation_name = 'C' AND table_name = 'events'"
                ).scalar()
                if connection.dialect.name == "postgresql"
                else 7
            )
        assert collations == 7
        other = sa.create_engine("sqlite://") if made.store.engine.name == "sqlite" else made.store.engine
        with other.begin() as connection:
            if other is made.store.engine:
                connection.exec_driver_sql("CREATE SCHEMA apart")
                connection.exec_driver_sql("SET LOCAL search_path TO apart")
            schema.metadata.create_all(connection)
            looked = sa.inspect(connection)
            wanted = {table: shape(looked.get_columns(table)) for table in ("events", "chains")}
    assert made_tables == wanted


# What cannot be written to.


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
@pytest.mark.parametrize(("file", "folder"), [(0o444, 0o755), (0o666, 0o555), (0o000, 0o755), (0o666, 0o700)])
def test_a_file_that_may_not_be_written_is_said(file, folder):
    with TemporaryDirectory(dir="/tmp") as name:
        path = Path(name) / "caseload.sqlite"
        cm.open_caseload(path, create=True, review_every_months=3).close()
        path.parent.chmod(folder)
        path.chmod(file)
        before = path.read_bytes()
        context = children()
        heard, said = context.Pipe(duplex=False)
        child = context.Process(target=append_as_nobody, args=(str(path), said))
        child.start()
        child.join()
        told = heard.recv_bytes().decode()
        assert told.startswith(("PublishError: ", "InputError: "))
        assert "rights" in told or "Permission denied" in told
        assert path.read_bytes() == before


def test_a_database_that_may_only_be_read_is_said(postgresql):
    address = postgresql.new_database()
    cm.open_caseload(address, create=True, review_every_months=3).close()
    name = place_of(address).url.database
    postgresql.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with cm.open_caseload(address) as opened:
        assert opened.practices == ()
        with pytest.raises(cm.PublishError, match="may only be read"), opened.store.writing(["A"]):
            pass


def test_a_place_without_a_log_is_refused(tmp_path, monkeypatch):
    """A network share answers the wish for a write-ahead log with another journal."""
    path = tmp_path / "caseload.sqlite"
    cm.open_caseload(path, create=True, review_every_months=3).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    with cm.open_caseload(path) as opened:  # a copy by SQLite's own means has none, and gets one
        assert opened.practices == ()
    real = opening._answer
    monkeypatch.setattr(opening, "_answer", lambda cursor: "delete" if real(cursor) else "")
    with pytest.raises(cm.PublishError, match="as on most network shares"):
        cm.open_caseload(path)


def written_anew(events, place):
    """An event changed, with its hash made anew: the next one follows another."""
    rows = stored_events(events)
    changed = rows[place]._replace(patient_id="another")
    rows[place] = changed._replace(hash=hash_of(changed[:10], changed.previous))
    return events_table(rows)


def test_another_caseload_is_restored_whole_or_refused(caseload, tmp_path):
    with caseload.store.writing(["A"]) as writing:
        writing.append([proposed("A", str(n)) for n in range(5)])
    events = caseload.events()
    with restored_caseload(tmp_path / "r.sqlite", events) as restored:
        assert restored.events().equals(events)
        assert restored.heads().equals(caseload.heads())
        assert restored.verify(caseload.heads()).whole
    wrong = [
        events.slice(1),  # without the store's own chain
        events.take([0, 1, 3]),
        events.take([0, 2, 1]),
        events.set_column(3, "patient_id", events.column("patient_id").take([0, 2, 1, 3, 4, 5])),
        events.drop_columns(["hash"]),
        written_anew(events, 2),
    ]
    for table in wrong:
        with pytest.raises(cm.CasemgmtError):
            restored_caseload(tmp_path / "w.sqlite", table)
        assert not (tmp_path / "w.sqlite").exists()


def test_a_file_that_was_cut_short_is_damaged_through_every_door(tmp_path):
    path = tmp_path / "caseload.sqlite"
    with cm.open_caseload(path, create=True, review_every_months=3) as caseload:
        caseload.record([{"practice_id": "A", "kind": "died", "happened_on": "2015-04-01", "patient_id": "p"}])
    path.write_bytes(path.read_bytes()[:-300])
    row = {"practice_id": "A", "patient_id": "p", "decision": "reviewed", "date": "2015-04-02"}
    with cm.open_caseload(path) as caseload:
        for ask in (
            lambda: caseload.practices,
            lambda: caseload.on("2015-04-01"),
            lambda: caseload.decide([row]),
            lambda: caseload.change_settings(review_every_months=4),
        ):
            with pytest.raises(cm.VerifyError):
                ask()
        assert not caseload.verify().whole


@pytest.mark.parametrize("becomes", ["nothing", "another"])
def test_a_file_that_is_gone_takes_no_event(tmp_path, becomes):
    path, row = tmp_path / "caseload.sqlite", {"practice_id": "A", "kind": "died", "happened_on": "2015-04-01"}
    with cm.open_caseload(path, create=True, review_every_months=3) as caseload:
        copy = path.read_bytes()
        caseload.record([{**row, "patient_id": "p"}])
        path.unlink()
        if becomes == "another":  # a backup, say
            other = tmp_path / "other"
            other.write_bytes(copy)
            other.rename(path)
        with pytest.raises(cm.PublishError, match="the file was removed, or another put in its place"):
            caseload.record([{**row, "patient_id": "q"}])
        with pytest.raises(cm.PublishError, match="Open it again"):
            caseload.on("2015-04-01")
    if becomes == "nothing":
        with pytest.raises(cm.CasemgmtError):
            caseload.on("2015-04-01")
        assert not path.exists()
