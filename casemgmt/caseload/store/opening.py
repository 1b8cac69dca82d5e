"""A store opened, made or migrated; what is no caseload, or one of a later release, is refused as it is."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt.caseload.events.kinds import STORE
from casemgmt.caseload.store.database import DatabaseStore
from casemgmt.caseload.store.engines import engine_of, writing_on
from casemgmt.caseload.store.places import Place
from casemgmt.caseload.store.refusals import in_words
from casemgmt.caseload.store.writing import DatabaseWriting
from casemgmt.disk import BusyError, locked, make_parents, remove_empty, write_file
from casemgmt.errors import InputError, PublishError, VerifyError, being_written
from casemgmt.system import file_address, is_on_a_share

if TYPE_CHECKING:
    import sqlalchemy as sa

_HEADER = b"SQLite format 3\0"
_MAKE = "To make one, give create=True and review_every_months=."
_ELSEWHERE = "Choose a place on a disk of this machine, or PostgreSQL where a team shares the caseload."
_ONE_MAKER = 0x636D6373  # PostgreSQL's number of the lock under which tables are made
_PATIENCE_SECONDS = 60.0


def open_store(place: Place, *, migrate: bool = False) -> DatabaseStore:
    """Open a store that is there.

    Raises
    ------
    InputError : there is none, or it is of an earlier release and ``migrate`` is false, or of a later one
    VerifyError : it is damaged, or a chain is not whole after migrating
    """
    _refuse_a_share(place)
    if place.path is not None:
        _look_at_file(place, place.path)
    engine = engine_of(place)
    try:
        with in_words(place.shown):
            if place.path is not None:
                _keep_a_log(engine, place)
            _bring_up_to_date(engine, place, migrate)
    except BaseException:
        engine.dispose()
        raise
    return DatabaseStore(engine, place.shown)


def create_store(
    place: Place, begin: Callable[[DatabaseWriting], object], practices: Iterable[str] = (STORE,)
) -> DatabaseStore:
    """Make a store at an empty place.

    Parameters
    ----------
    begin : writes its first events; the store is there with them or not at all
    practices : whose chains it writes to

    Raises
    ------
    PublishError : something is there already, or it cannot be made
    """
    _refuse_a_share(place)
    with _new_file(place):
        engine = engine_of(place)
        try:
            with in_words(place.shown):
                if place.path is not None:
                    _keep_a_log(engine, place)
                _make(engine, place, begin, practices)
        except BaseException:
            engine.dispose()
            raise
    return DatabaseStore(engine, place.shown)


@contextmanager
def _new_file(place: Place) -> Iterator[None]:
    """An empty private file; removed, with its folders, where nothing comes of it."""
    path = place.path
    if path is None:
        yield
        return
    made: list[Path] = []
    is_own = False
    try:
        if not os.path.lexists(path):
            made = make_parents(path.absolute())
        with locked(path, _PATIENCE_SECONDS):
            if os.path.lexists(path):
                _check_empty(place, path)
            else:
                write_file(path, b"")
                is_own = True
            try:
                yield
            except BaseException:
                if is_own:
                    for end in ("-wal", "-shm", ""):
                        with suppress(OSError):
                            path.with_name(path.name + end).unlink()
                raise
    except BusyError:
        raise being_written(path) from None
    except OSError as problem:
        remove_empty(made)
        raise PublishError(f"'{place.shown}' was not made: {problem.strerror or 'the system refused'}.") from None
    except BaseException:
        remove_empty(made)
        raise


def _check_empty(place: Place, path: Path) -> None:
    """A file that a run left which was killed before anything was written has no tables."""
    if path.is_dir():
        raise PublishError(f"'{place.shown}' is a folder. Give the path of a file in it.")
    if path.stat().st_size and not (_is_sqlite(place, path) and not _tables_of(place, path)[1]):
        raise _is_taken(place)


def _unreadable(place: Place, problem: OSError) -> InputError:
    return InputError(f"'{place.shown}' cannot be read: {problem.strerror or 'the system refused'}.")


def _is_taken(place: Place) -> PublishError:
    return PublishError(f"'{place.shown}' is not empty: open it without create=True, or choose another place.")


def _look_at_file(place: Place, path: Path) -> None:
    """Refuse what is no caseload before anything is written to it."""
    from casemgmt.caseload.store.schema import APPLICATION

    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"There is no caseload at '{place.shown}'. {_MAKE}") from None
    except OSError as problem:
        raise _unreadable(place, problem) from None
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"'{place.shown}' is a folder. Give the path of a file in it.")
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"'{place.shown}' is no file. Give the path of one.")
    if found.st_size == 0:
        raise InputError(f"'{place.shown}' is empty, and no caseload. {_MAKE}")
    if not _is_sqlite(place, path):
        raise InputError(f"'{place.shown}' is no caseload: not a SQLite file. Choose another place.")
    application, tables = _tables_of(place, path)
    if application != APPLICATION:
        raise InputError(f"'{place.shown}' is no caseload{'' if tables else ': it has no tables'}. {_MAKE}")


def _is_sqlite(place: Place, path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_HEADER)) == _HEADER
    except OSError as problem:
        raise _unreadable(place, problem) from None


def _tables_of(place: Place, path: Path) -> tuple[int, int]:
    """Whose file it says it is, and how many tables it has."""
    with in_words(place.shown):
        connection = sqlite3.connect(f"{file_address(path)}?mode=rw", uri=True, timeout=_PATIENCE_SECONDS)
        try:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            return application, connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        finally:
            connection.close()


def _keep_a_log(engine: sa.Engine, place: Place) -> None:
    """Set SQLite's write-ahead log, outside a transaction.

    Raises
    ------
    PublishError : the file lies where there can be none
    """
    connection = engine.raw_connection()
    try:
        cursor: Any = connection.cursor()
        answer = _answer(cursor)
        cursor.close()
    finally:
        connection.close()
    if answer != "wal":
        raise PublishError(
            f"{place.shown}: no write-ahead log can be kept here, as on most network shares. {_ELSEWHERE}"
        )


def _refuse_a_share(place: Place) -> None:
    if place.path is not None and is_on_a_share(place.path):
        raise PublishError(f"{place.shown} is on a network share, where a caseload can be damaged. {_ELSEWHERE}")


def _answer(cursor: Any) -> str:
    """The journal that SQLite keeps, asked for a write-ahead log."""
    return str(cursor.execute("PRAGMA journal_mode=WAL").fetchone()[0])


def _make(
    engine: sa.Engine, place: Place, begin: Callable[[DatabaseWriting], object], practices: Iterable[str]
) -> None:
    import sqlalchemy as sa

    from casemgmt.caseload.store.migrating import take_to_last

    with writing_on(engine).begin() as connection:
        _one_maker(connection)
        if sa.inspect(connection).get_table_names():
            raise _is_taken(place)
        take_to_last(connection)
        _mark(connection)
        writing = DatabaseWriting(connection, place.shown, practices, None)
        begin(writing)
        writing.finish()


def _one_maker(connection: sa.Connection) -> None:
    """Hold PostgreSQL's lock for making tables; SQLite's transaction holds the file."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ONE_MAKER})")


def _mark(connection: sa.Connection) -> None:
    from casemgmt.caseload.store.migrating import steps
    from casemgmt.caseload.store.schema import APPLICATION

    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION}")
        connection.exec_driver_sql(f"PRAGMA user_version={len(steps())}")


def _bring_up_to_date(engine: sa.Engine, place: Place, migrate: bool) -> None:
    from casemgmt.caseload.store.migrating import step_of, steps, take_to_last

    known = steps()
    with engine.begin() as connection:
        step = step_of(connection)
    if step is None:
        raise InputError(f"{place.shown} is no caseload: its table of versions is missing. {_MAKE}")
    if step not in known:
        raise InputError(f"{place.shown} was written by a later release of casemgmt than this one. Install that.")
    if step == known[-1]:
        return
    if not migrate:
        raise InputError(
            f"{place.shown} was written by an earlier release of casemgmt. Copy it, then open it with migrate=True."
        )
    with writing_on(engine).begin() as connection:
        _one_maker(connection)
        take_to_last(connection)
        _mark(connection)
        _check_whole(connection, place)


def _check_whole(connection: sa.Connection, place: Place) -> None:
    from casemgmt.caseload.store.verifying import faults_of

    if faults_of(connection):
        raise VerifyError(f"{place.shown} is not whole, and was not migrated. Run verify on the copy.")
