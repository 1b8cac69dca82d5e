"""What a database refuses, in a sentence. The drivers' own errors hold rows, so nothing of them is shown or kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from casemgmt.errors import CasemgmtError, InputError, PublishError, VerifyError

_VERIFY = "Run verify (caseload.verify()), and restore the last good copy."
_FULL = "The disk is full, or a limit is reached. Make room, then run again."

# The first byte of SQLite's codes: https://www.sqlite.org/rescode.html
_SQLITE = {
    "SQLITE_BUSY": (PublishError, "others have been writing to it for minutes. Wait for them, then run again."),
    "SQLITE_LOCKED": (PublishError, "others are writing to it. Wait for them, then run again."),
    "SQLITE_FULL": (PublishError, f"nothing was written. {_FULL}"),
    "SQLITE_IOERR": (PublishError, f"nothing was written: the disk refused. {_FULL}"),
    "SQLITE_READONLY": (PublishError, "it may only be read. See to the rights of the file and of its folder."),
    "SQLITE_CANTOPEN": (InputError, "it cannot be opened. See to the rights of the file and of its folder."),
    "SQLITE_PERM": (InputError, "it cannot be opened. See to the rights of the file and of its folder."),
    "SQLITE_AUTH": (InputError, "it cannot be opened. See to the rights of the file and of its folder."),
    "SQLITE_CORRUPT": (VerifyError, f"the file is damaged. {_VERIFY}"),
    "SQLITE_NOTADB": (VerifyError, f"the file is damaged, or no SQLite file. {_VERIFY}"),
}
# The classes of PostgreSQL's codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL = {
    "22": (InputError, "nothing was written: a value is of a kind that it cannot hold."),
    "25": (PublishError, "it may only be read. Ask for the right to write."),
    "28": (InputError, "it refuses the user or the password."),
    "3D": (InputError, "there is no such database."),
    "40": (PublishError, "others were writing to it, and nothing was written. Run again."),
    "42": (InputError, "the user may not do this, or the tables are not those of a caseload."),
    "53": (PublishError, f"nothing was written: the server lacks room. {_FULL}"),
    "55": (PublishError, "others are writing to it. Wait for them, then run again."),
    "57": (PublishError, "the server ended the work. Run again when it is back: what is there twice changes nothing."),
    "58": (PublishError, "nothing was written: the server's disk refused."),
    "XX": (VerifyError, f"the server says that its data are damaged. {_VERIFY}"),
    "23": (VerifyError, f"its chains do not go on where they ended. {_VERIFY}"),
}
_LOST = (
    "the server cannot be reached, refuses the user, the password or the database, or the connection to it was lost. "
    "Look at these, then run again."
)


@contextmanager
def in_words(shown: str) -> Iterator[None]:
    """Turn what a database or its driver refuses into an error of this library's.

    Parameters
    ----------
    shown : where the store is
    """
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    try:
        yield
    except DBAPIError as problem:
        raise _of_driver(shown, problem.orig) from None
    except SQLAlchemyError as problem:
        raise InputError(f"{shown}: the database cannot be used ({type(problem).__name__}).") from None
    except Exception as problem:
        if isinstance(problem, sqlite3.Error) or type(problem).__module__.partition(".")[0] == "psycopg":
            raise _of_driver(shown, problem) from None
        raise


def not_readable(shown: str) -> VerifyError:
    """Rows that are not what this library writes."""
    return VerifyError(f"{shown}: an event is not as this library writes it. {_VERIFY}")


def broken_chain(shown: str) -> VerifyError:
    """A chain whose last event is not its head."""
    return VerifyError(f"{shown}: a chain does not end at its head, so nothing is written to it. {_VERIFY}")


def _of_driver(shown: str, problem: BaseException | None) -> CasemgmtError:
    if isinstance(problem, sqlite3.Error):
        name = "_".join((getattr(problem, "sqlite_errorname", None) or "").split("_")[:2])
        if name in _SQLITE:
            error, text = _SQLITE[name]
            return error(f"{shown}: {text}")
        if isinstance(problem, sqlite3.IntegrityError):
            return broken_chain(shown)
        return VerifyError(f"{shown}: SQLite cannot read it. {_VERIFY}")
    state = getattr(problem, "sqlstate", None) or ""
    if state[:2] in _POSTGRESQL:
        error, text = _POSTGRESQL[state[:2]]
        return error(f"{shown}: {text}")
    return PublishError(f"{shown}: {_LOST}")
