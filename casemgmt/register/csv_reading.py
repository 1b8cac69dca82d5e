"""CSV without surprises: every line is one row, every row is split as written or reported, every value stays text."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.arrow import file_of
from casemgmt.errors import InputError, listed, plural
from casemgmt.names import are_names
from casemgmt.register.refusals import repeated_names
from casemgmt.threads import on_threads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# How files begin that were given the name of a text file.
_OTHER_FILES = (
    (b"PK\x03\x04", "a workbook or a zip file", ".xlsx"),
    (b"PAR1\x15", "a Parquet file", ".parquet"),
    (b"\x1f\x8b", "packed with gzip", ".csv.gz"),
    (b"ARROW1\0", "an Arrow file", ".arrow"),
)
LONGEST_LINE = 100_000
_QUOTE, _END = ord('"'), ord("\n")
_BLOCK = 1 << 20  # bytes that stay in the cache while they are looked at
_AT_ONCE = 1 << 20  # bytes that Arrow is given a copy of at a time
_BAD_QUOTES, _TOO_LONG = -1, -2
TAB = "\t"
_SEPARATORS = {";": "semicolons", TAB: "tabs", "|": "bars", ",": "commas"}


def read_csv(
    data: bytes, name: str, encoding: str = "utf-8", separator: str = ",", skip_lines: int = 0
) -> tuple[pa.Table, npt.NDArray[np.int64] | None, tuple[tuple[int, str], ...]]:
    """Read a file of values with a separator between them, none of which holds a line break.

    Parameters
    ----------
    data : the file's bytes
    name : the file's name, for messages
    encoding : a Python codec name; unless said, UTF-8 with or without a byte-order mark, or UTF-16 with one
    separator : one character
    skip_lines : lines before the header, whatever they hold; rows are counted from the header all the same

    Returns
    -------
    table : one text column per header name; an empty value is null, ``NA`` is text
    row_numbers : the source row, from 0, of each row of the table; None where they are the same
    unsplit : (source row, reason) of each line with more or fewer values than the header

    Raises
    ------
    InputError
        An encoding that does not fit, a quote that is not closed on its line, a header that repeats a name.
    """
    import numpy as np
    import pyarrow as pa

    data = _as_utf8(data, name, encoding)
    data = _after(data, skip_lines, name)
    plain = _read_plain(data, name, separator)
    if plain is not None:
        return plain, None, ()
    lines = _line_table(data, name, separator, skip_lines)
    if lines.values[0] < 0:
        raise InputError(f"{name}: the header line cannot be split: {_why_unsplit(int(lines.values[0]), 0)}.")
    header = _header(data[lines.starts[0] : lines.ends[0]], separator, name)
    wrong = np.flatnonzero(lines.values[1:] != len(header)) + 1
    unsplit = tuple((int(i) - 1, _why_unsplit(int(lines.values[i]), len(header))) for i in wrong)
    if len(wrong) or lines.starts[0] or not data.endswith(b"\n"):
        data = b"".join(data[lines.starts[i] : lines.ends[i]] + b"\n" for i in _all_but(len(lines.starts), wrong))
    try:
        table = _split(data, header, separator)
    except pa.ArrowException:
        raise InputError(f"{name}: not a readable CSV file. Save it again as 'CSV UTF-8'.") from None
    expected = len(lines.starts) - 1 - len(wrong)
    if table.num_rows != expected:
        raise InputError(
            f"{name}: {expected:,} lines were read as {table.num_rows:,} rows. Check the quotes in the file."
        )
    row_numbers = np.delete(np.arange(len(lines.starts) - 1, dtype=np.int64), wrong - 1) if len(wrong) else None
    return table, row_numbers, unsplit


def _read_plain(data: bytes, name: str, separator: str) -> pa.Table | None:
    """The rows of a file in which each line holds as many values as the header; None where a line asks for more care.

    Where quotes stand around whole values alone, such lines can be split in one way only, so that what Arrow makes of
    them need not be held against a count of our own.
    """
    import pyarrow as pa

    lines = _plain_lines(data, separator)
    if not lines:
        return None
    header = _header(data[: max(data.find(b"\n"), 0) or len(data)], separator, name)
    try:
        table = _split(data, header, separator)
    except pa.ArrowException:
        return None
    return table if table.num_rows == lines - 1 else None


def _plain_lines(data: bytes, separator: str) -> int:
    """How many lines there are; 0 where one is blank or too long, or has a quote inside a value."""
    import numpy as np

    raw = np.frombuffer(data, dtype=np.uint8)
    pieces = [raw[low:high] for low, high in _whole_lines(data, _BLOCK)]
    counted = on_threads(lambda piece: _plain_lines_in(piece, ord(separator)), pieces)
    return sum(counted) if all(counted) else 0


def _plain_lines_in(text: npt.NDArray[np.uint8], separator: int) -> int:
    """The same of whole lines."""
    import numpy as np

    marks = np.flatnonzero((text == _QUOTE) | (text == _END))
    is_end = text[marks] == _END
    ends, quotes = marks[is_end], marks[~is_end]
    before_end = np.flatnonzero(is_end) - np.arange(len(ends))  # quotes up to there
    if text[-1] != _END:
        ends, before_end = np.append(ends, len(text)), np.append(before_end, len(quotes))
    lengths = np.diff(ends, prepend=-1) - 1
    if lengths.min() == 0 or lengths.max() > LONGEST_LINE or (before_end & 1).any():
        return 0
    # Every other quote opens a value, and the next one closes it on the same line.
    before, after = quotes[::2] - 1, quotes[1::2] + 1
    beside = text[np.concatenate([before[before >= 0], after[after < len(text)]])]
    return len(ends) if ((beside == separator) | (beside == _END)).all() else 0


def _split(data: bytes, header: list[str], separator: str) -> pa.Table:
    """The rows below the header, whose text is UTF-8, as columns of text; no value holds a line break."""
    import pyarrow as pa
    import pyarrow.csv as pc

    options = {
        "parse_options": pc.ParseOptions(delimiter=separator, newlines_in_values=False, ignore_empty_lines=True),
        "convert_options": pc.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            check_utf8=False,
        ),
    }

    def split(piece: tuple[int, int]) -> pa.Table:
        low, high = piece
        reading = pc.ReadOptions(
            column_names=header, skip_rows=int(low == 0), use_threads=False, block_size=max(high - low + 1, _BLOCK)
        )
        return pc.read_csv(file_of(data[low:high]), read_options=reading, **options)

    return pa.concat_tables(on_threads(split, list(_whole_lines(data, _AT_ONCE))))


def _whole_lines(data: bytes, most: int) -> Iterator[tuple[int, int]]:
    """Where stretches of whole lines begin and end: of so many bytes at most, or else of all that is left."""
    low = 0
    while low < len(data):
        high = len(data) if low + most >= len(data) else data.rfind(b"\n", low, low + most) + 1
        yield low, high or len(data)
        low = high or len(data)


class _Lines:
    """Where each line that is not blank starts and ends, its number in the file, and how many values it holds."""

    __slots__ = ("ends", "numbers", "starts", "values")

    def __init__(
        self,
        starts: npt.NDArray[np.int64],
        ends: npt.NDArray[np.int64],
        numbers: npt.NDArray[np.int64],
        values: npt.NDArray[np.int64],
    ) -> None:
        self.starts, self.ends, self.numbers, self.values = starts, ends, numbers, values


def _as_utf8(data: bytes, name: str, encoding: str) -> bytes:
    is_usual = encoding.lower().replace("_", "-") in {"utf-8", "utf8", "utf-8-sig"}
    if is_usual and data.startswith(_UTF16):  # as PowerShell's > and Excel's "Unicode text" write it
        is_usual, encoding = False, "utf-16"
    if is_usual:
        for start, kind, ending in _OTHER_FILES:
            if data.startswith(start):
                raise InputError(f"{name} is {kind}, not text. Give it a name that ends in {ending}.")
        data = data.removeprefix(b"\xef\xbb\xbf")
        bad = _first_not_utf8(data)
        if bad is not None:
            line = data.count(b"\n", 0, bad) + 1
            raise InputError(
                f"{name} is not UTF-8 (first at line {line}). Save it as 'CSV UTF-8', or pass encoding='cp1252' "
                "if it was saved by Windows."
            )
    else:
        try:
            data = data.decode(encoding).removeprefix("\ufeff").encode("utf-8")
        except (LookupError, UnicodeError):
            raise InputError(f"{name} cannot be read as encoding='{encoding}'.") from None
    if b"\x00" in data:
        raise InputError(f"{name} holds NUL bytes: it is not a text file, or it is UTF-16.")
    # A lone carriage return ends a line only in files of old Macintoshes; after a line feed is taken it is damage.
    if b"\r" in data:  # one byte is looked for many times faster than two
        data = data.replace(b"\r\n", b"\n")
    if b"\r" in data:
        raise InputError(f"{name} holds carriage returns inside lines. Save it with ordinary line ends.")
    return data


def _first_not_utf8(data: bytes) -> int | None:
    """Where the first byte stands that is not UTF-8; a stretch is looked at a time, since its text takes memory too."""
    if data.isascii():
        return None
    low = 0
    while low < len(data):
        high = low + _BLOCK
        while high < len(data) and data[high] & 0b1100_0000 == 0b1000_0000:  # inside a character
            high += 1
        try:
            data[low:high].decode("utf-8")
        except UnicodeDecodeError as error:
            return low + error.start
        low = high
    return None


def _after(data: bytes, lines: int, name: str) -> bytes:
    """What follows so many lines."""
    start = 0
    for number in range(lines):
        start = data.find(b"\n", start) + 1
        if not start:
            raise InputError(f"{name} has {plural(number + 1, 'line')}, and skip_lines={lines} leaves no header.")
    return data[start:] if start else data


def _line_table(data: bytes, name: str, separator: str, skipped: int) -> _Lines:
    import numpy as np

    raw = np.frombuffer(data, dtype=np.uint8)
    blocks = range(0, max(len(raw), 1), _BLOCK)
    ends = np.concatenate(on_threads(lambda at: at + np.flatnonzero(raw[at : at + _BLOCK] == _END), blocks))
    if len(raw) and (not len(ends) or ends[-1] != len(raw) - 1):
        ends = np.append(ends, len(raw))
    starts = np.concatenate([np.zeros(1, dtype=np.int64), ends[:-1] + 1]) if len(ends) else ends
    numbers = np.arange(1, len(ends) + 1) + skipped
    full = ends > starts
    starts, ends, numbers = starts[full], ends[full], numbers[full]
    if not len(starts):
        raise InputError(f"{name} is empty: it has no header line.")
    bounds = np.unique(np.append(np.searchsorted(starts, blocks), len(starts)))
    stretches = [slice(int(low), int(high)) for low, high in pairwise([0, *bounds[bounds > 0].tolist()])]
    counted = on_threads(lambda some: _counted(raw, starts[some], ends[some], separator), stretches)
    unclosed = np.concatenate([numbers[some][each.unclosed] for some, each in zip(stretches, counted, strict=True)])
    if len(unclosed):
        where = ", ".join(str(n) for n in unclosed[:5])
        raise InputError(
            f"{name}: {plural(len(unclosed), 'line')} with a quote that is opened and not closed (line {where}). Rows "
            "below could be swallowed, so nothing was read. Close the quote, or write values without line breaks."
        )
    values = np.concatenate([each.values for each in counted])
    for some, each in zip(stretches, counted, strict=True):
        for i in (some.start + each.unusual).tolist():
            values[i] = _count_quoted(data[starts[i] : ends[i]], separator)
    values[ends - starts > LONGEST_LINE] = _TOO_LONG
    return _Lines(starts, ends, numbers, values)


class _Counted(NamedTuple):
    """What some lines hold: values each; those with an odd number of quotes; those with a quote in an unusual place.

    A usual quote opens a value at its start or closes one at its end; a doubled one is unusual.
    """

    values: npt.NDArray[np.int64]
    unclosed: npt.NDArray[np.int64]
    unusual: npt.NDArray[np.int64]


def _counted(
    raw: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], separator: str
) -> _Counted:
    """Count the values of neighbouring lines, in a stretch of the file that stays in the cache."""
    import numpy as np

    text, at, none = raw[starts[0] : ends[-1]], starts - starts[0], np.empty(0, dtype=np.int64)
    splits, quotes = text == ord(separator), text == _QUOTE
    if not quotes.any():
        return _Counted(_in_each(splits, at) + 1, none, none)
    unclosed = np.flatnonzero(_in_each(quotes, at) % 2)
    if len(unclosed):
        return _Counted(none, unclosed, none)
    # Each line's quotes are even in number, so that an odd number up to a place puts it inside a quoted value.
    inside = np.bitwise_xor.accumulate(quotes.view(np.uint8)).view(bool)
    edges = splits | (text == _END)
    usual = np.ones_like(quotes)
    np.copyto(usual[1:], edges[:-1])  # an opening quote
    np.copyto(usual[:-1], edges[1:], where=~inside[:-1])  # a closing one
    usual[-1] = True
    odd = np.flatnonzero(quotes & ~usual)
    unusual = np.unique(np.searchsorted(at, odd, side="right") - 1)
    return _Counted(_in_each(splits & ~inside, at) + 1, none, unusual)


def _in_each(signs: npt.NDArray[np.bool_], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many signs each stretch has, from its start to the next one's."""
    import numpy as np

    longest = int(np.diff(starts, append=len(signs)).max())
    kind = np.uint16 if longest < 1 << 16 else np.uint32  # half the size takes a fourth of the time
    return np.add.reduceat(signs.view(np.uint8), starts, dtype=kind).astype(np.int64)


def _count_quoted(line: bytes, separator: str) -> int:
    """How many values a line with quotes in unusual places holds."""
    if len(line) > LONGEST_LINE:
        return _TOO_LONG
    try:
        return len(next(csv.reader([line.decode("utf-8")], delimiter=separator, strict=True)))
    except csv.Error:
        return _BAD_QUOTES


def _why_unsplit(values: int, expected: int) -> str:
    if values == _BAD_QUOTES:
        return "text after a closing quote; a quote inside a value is written twice"
    if values == _TOO_LONG:
        return f"a line of more than {LONGEST_LINE:,} bytes"
    return f"{plural(values, 'value')} where the header has {expected}"


def _header(line: bytes, separator: str, name: str) -> list[str]:
    first = line.decode("utf-8")
    header = [column.strip() for column in next(csv.reader([first], delimiter=separator))]
    repeated = [column for column, count in Counter(header).items() if count > 1]
    if repeated:
        # Without names that are known, the first line may be a patient, of whom nothing is shown.
        places = ", ".join(str(place) for place, column in enumerate(header, 1) if column in repeated)
        named = f": {listed(repeated)}" if are_names(header) else ""
        raise repeated_names(
            repeated,
            f" in the header{named} (columns {places}). Rename or drop one; "
            "where the header stands on a later line, say skip_lines=.",
            place=name,
        )
    other = next((mark for mark in _SEPARATORS if mark in first), None) if len(header) == 1 else None
    if other is not None:
        raise InputError(
            f"{name} is separated by {_SEPARATORS[other]}. Say separator='{'tab' if other == TAB else other}'."
        )
    return header


def _all_but(count: int, left_out: npt.NDArray[np.int64]) -> list[int]:
    skip = set(left_out.tolist())
    return [i for i in range(count) if i not in skip]
