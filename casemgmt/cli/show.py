"""What the commands print: rich tables and progress for people, plain text for pipes, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TextIO

from casemgmt.cli.document import Document, key_of

GAP = "  "
_DOCUMENT: ContextVar[Document | None] = ContextVar("document", default=None)
_QUIET: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def speaking(document: Document | None, *, quiet: bool) -> Iterator[None]:
    """Fill a document with what a command says, if there is one; say nothing but errors, if that is wanted."""
    tokens = _DOCUMENT.set(document), _QUIET.set(quiet)
    try:
        yield
    finally:
        _DOCUMENT.reset(tokens[0])
        _QUIET.reset(tokens[1])


def give(**facts: Any) -> None:
    """Put what a command found into its JSON document; without one, nothing."""
    document = _DOCUMENT.get()
    if document is not None:
        document.give(facts)


def wants(key: str) -> bool:
    """Whether there is a JSON document with such a key, for what would be worked out for it alone."""
    document = _DOCUMENT.get()
    return document is not None and key in document.known


def _out() -> TextIO:
    """Where lines for people go: standard output, which a JSON document has for itself."""
    return sys.stdout if _DOCUMENT.get() is None else sys.stderr


def say(text: str = "") -> None:
    """Print lines for people."""
    if not _QUIET.get():
        _out().write(_printable(text) + "\n")


def wrote(path: Path | str, rows: int | None = None) -> None:
    """Put a file or folder that was written into the JSON document, with its rows where it is a table."""
    document = _DOCUMENT.get()
    if document is not None:
        document.wrote(path, rows)


def stands() -> None:
    """What was found so far is worth reading although the command may end in an error."""
    document = _DOCUMENT.get()
    if document is not None:
        document.stands = True


def complain(message: str) -> None:
    """Print an error on standard error."""
    sys.stdout.flush()
    sys.stderr.write(f"casemgmt: {_printable(message)}\n")


def note(message: str) -> None:
    """Print on standard error what somebody should look at."""
    document = _DOCUMENT.get()
    if document is not None:
        document.note(message)
    if not _QUIET.get():
        complain(f"note: {message}")


def _printable(text: str) -> str:
    """The text without control characters, which a file's column names could smuggle to a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def in_words(value: object) -> str:
    """A cell: whole numbers with thousands separated, nothing where there is no value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def table(name: str, heads: Sequence[str], rows: Sequence[Sequence[object]], title: str = "") -> None:
    """Print a table: drawn where a person looks, aligned text without control characters where a program does.

    Parameters
    ----------
    name : what the JSON document calls it; its rows have the heads as keys. Empty: it is not in the document
    heads : the column heads
    rows : cells in the order of the heads; a column whose first value is a whole number is set to the right
    title : a line above
    """
    if name:
        keys = [key_of(head) for head in heads]
        give(**{name: [dict(zip(keys, row, strict=True)) for row in rows]})
    if _QUIET.get():
        return
    cells = [[_printable(in_words(value)).replace("\n", " ") for value in row] for row in rows]
    numeric = [_is_counts([row[i] for row in rows]) for i in range(len(heads))]
    if _out().isatty():
        _drawn(heads, cells, numeric, title)
        return
    widths = [max(len(head), *(len(row[i]) for row in cells), 0) for i, head in enumerate(heads)]
    if title:
        say(title)
    for line in (list(heads), *cells):
        texts = [
            text.rjust(w) if right else text.ljust(w) for text, w, right in zip(line, widths, numeric, strict=True)
        ]
        say(GAP.join(texts).rstrip())


def _is_counts(column: Sequence[object]) -> bool:
    first = next((value for value in column if value is not None), None)
    return isinstance(first, int) and not isinstance(first, bool)


def _drawn(heads: Sequence[str], cells: Sequence[Sequence[str]], numeric: Sequence[bool], title: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=Text(title) if title else None, title_justify="left", box=box.SIMPLE_HEAD)
    for head, right in zip(heads, numeric, strict=True):
        drawn.add_column(Text(head), justify="right" if right else "left", overflow="fold")
    for row in cells:
        drawn.add_row(*(Text(cell) for cell in row))
    Console(file=_out()).print(drawn)


@contextmanager
def working(doing: str) -> Iterator[None]:
    """Say on a terminal's standard error that something is being done, until it is."""
    if _QUIET.get() or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(file=sys.stderr).status(doing):
        yield


@contextmanager
def progress(doing: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal's standard error, moved by calling it with (done, in all); nothing elsewhere."""
    if _QUIET.get() or not sys.stderr.isatty():
        yield lambda done, of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
