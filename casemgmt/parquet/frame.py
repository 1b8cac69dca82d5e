"""Whether a Parquet file agrees with itself: what page checksums leave uncovered.

A checksum covers a page's values, not the page's header nor the file's footer, and one flipped bit there can drop a row
group's last rows, give a column another type, or read its values in another encoding, without a word. The format says
most of these things twice: here both are read and compared. The footer is read by hand, because pyarrow's own view of a
damaged one can end the process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Any, NamedTuple

from casemgmt.parquet.thrift import DamagedError, read_struct

# Numbers of parquet.thrift.
_OPTIONAL, _REPEATED = 1, 2
_UNCOMPRESSED = 0
_PLAIN, _PLAIN_DICTIONARY, _RLE_DICTIONARY = 0, 2, 8
_DATA, DICTIONARY, DATA_V2 = 0, 2, 3
_MAGIC = b"PAR1"
_TAIL = 8  # the footer's length, and the magic word
_HEADER, _LONGEST_HEADER = 1 << 12, 1 << 24  # a header holds the least and greatest value, which may be long text


class FileBytes:
    """The bytes of a file or a buffer by slices, read when they are asked for.

    Unlike a memory map, a file that another process cuts short meanwhile ends in an error and not the process.
    """

    __slots__ = ("_size", "_stream")

    def __init__(self, stream: BufferedIOBase) -> None:
        self._stream = stream
        self._size = stream.seek(0, 2)

    def __len__(self) -> int:
        """All of the file."""
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        """The bytes of a slice, fewer where the file ends."""
        start, stop, _ = part.indices(self._size)
        self._stream.seek(start)
        return self._stream.read(max(stop - start, 0))


class Page(NamedTuple):
    """What a page's header says; sizes in bytes, ``header`` of the header itself."""

    kind: int
    uncompressed: int
    compressed: int
    checksum: int | None
    values: int
    encoding: int
    header: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """One column of one row group, as the footer describes it; sizes and places in bytes."""

    start: int
    compressed: int
    uncompressed: int
    is_plain: bool
    values: int
    nulls: int | None
    encodings: frozenset[int]
    data_encodings: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class Frame:
    """A Parquet file's footer, found to agree with itself.

    Attributes
    ----------
    rows : in the file
    flat : whether every column is plain, neither nested nor repeated
    groups : the chunks of each row group, in the order of the columns
    rows_of_groups : in each row group
    names : of each chunk the column that it belongs to, in UTF-8; a nested column has several chunks
    """

    rows: int
    flat: bool
    groups: tuple[tuple[Chunk, ...], ...]
    rows_of_groups: tuple[int, ...]
    names: tuple[bytes, ...]


def check_frame(path: Path) -> Frame:
    """Read a file's footer; neither pages nor values are looked at.

    Raises
    ------
    DamagedError
        The file is cut short, or says two things about a row count, a column's name, type, size or encoding.
    OSError
        The file cannot be read.
    """
    with path.open("rb") as stream:
        return read_footer(FileBytes(stream))


def check_counts(frame: Frame, groups: range, rows: int, nulls: Mapping[str, int]) -> None:
    """Refuse another number of rows or of missing values than the footer counted.

    Parameters
    ----------
    groups : the row groups that were read
    rows : how many they gave
    nulls : missing values, by column

    Raises
    ------
    DamagedError
    """
    _require(rows == sum(frame.rows_of_groups[group] for group in groups))
    if not frame.flat:
        return
    places = {name: place for place, name in enumerate(frame.names)}
    for name, found in nulls.items():
        _require(name.encode() in places)
        counted = [frame.groups[group][places[name.encode()]].nulls for group in groups]
        known = [each for each in counted if each is not None]
        if len(known) == len(counted):
            _require(found == sum(known))


def read_footer(data: Any) -> Frame:
    """The footer of a file's bytes.

    Raises
    ------
    DamagedError
    """
    start, end = footer_of(data)
    footer = data[start:end]
    fields, after = read_struct(footer, 0, len(footer))
    _require(after == len(footer))
    try:
        return _frame(fields, start)
    except (KeyError, IndexError, TypeError, AttributeError):  # a field is missing, or is of another kind
        raise DamagedError from None


def footer_of(data: Any) -> tuple[int, int]:
    """Where the footer begins and ends.

    Raises
    ------
    DamagedError
    """
    end = len(data) - _TAIL
    _require(end > _TAIL and data[:4] == _MAGIC and data[end + 4 :] == _MAGIC)
    start = end - int.from_bytes(data[end : end + 4], "little")
    _require(start >= len(_MAGIC))
    return start, end


def _frame(fields: dict[int, Any], limit: int) -> Frame:
    leaves = list(_leaves(fields[2]))
    groups, rows = [], []
    for group in fields[4]:
        _require(len(group[1]) == len(leaves) and group[3] >= 0)
        groups.append(
            tuple(_chunk(chunk[3], group[3], leaf, limit) for chunk, leaf in zip(group[1], leaves, strict=True))
        )
        rows.append(group[3])
    _require(sum(rows) == fields[3])
    return Frame(
        rows=fields[3],
        flat=all(len(leaf.path) == 1 and not leaf.repeated for leaf in leaves),
        groups=tuple(groups),
        rows_of_groups=tuple(rows),
        names=tuple(leaf.path[0] for leaf in leaves),
    )


class Leaf(NamedTuple):
    """A column that holds values: its path, its type, whether it is repeated, and how many levels of missing it has.

    Levels are 2 for a plain column with gaps, 1 for one without, 0 where they are not looked at.
    """

    path: list[bytes]
    kind: int
    repeated: bool
    levels: int


def _leaves(elements: list[dict[int, Any]]) -> Iterator[Leaf]:
    """The columns that hold values; the schema is a tree in one list."""
    open_nodes: list[tuple[bytes, int, bool]] = []  # name, children still to come, repeated
    for place, element in enumerate(elements):
        name, children = element[4], element.get(5, 0)
        repeated = element.get(3) == _REPEATED or (bool(open_nodes) and open_nodes[-1][2])
        if place:
            _require(bool(open_nodes))
            parent = open_nodes.pop()
            open_nodes.append((parent[0], parent[1] - 1, parent[2]))
        if children or not place:
            _require(children >= 0)
            open_nodes.append((name, children, repeated and place > 0))
        else:
            levels = 1 + (element.get(3) == _OPTIONAL) if len(open_nodes) == 1 and not repeated else 0
            yield Leaf([*(node for node, *_ in open_nodes[1:]), name], element[1], repeated, levels)
        while open_nodes and not open_nodes[-1][1]:
            open_nodes.pop()
    _require(not open_nodes)


def _chunk(said: dict[int, Any], rows: int, leaf: Leaf, limit: int) -> Chunk:
    path, kind, repeated, levels = leaf
    _require(said[3] == path and said[1] == kind)
    values, uncompressed, compressed = said[5], said[6], said[7]
    _require(repeated or values == rows)
    # Pages that were never written stand at 0: those of a chunk without rows.
    start = min((offset for offset in (said[9], said.get(11)) if offset), default=0)
    _require(compressed >= 0 and start + compressed <= limit)
    _require(start >= len(_MAGIC) if compressed or values else start >= 0)
    nulls, pages = said.get(12, {}).get(3), said.get(13)
    _require(nulls is None or nulls >= 0)
    counted = said.get(16, {}).get(3)  # how many values stand at each level of missing
    _require(not levels or not counted or len(counted) == levels)
    _require(levels != 1 or not nulls)
    data = None if pages is None else frozenset(page[2] for page in pages if page[1] in (_DATA, DATA_V2))
    return Chunk(
        start=start,
        compressed=compressed,
        uncompressed=uncompressed,
        is_plain=said[4] == _UNCOMPRESSED,
        values=values,
        nulls=nulls,
        encodings=frozenset(said[2]),
        data_encodings=data,
    )


def check_pages_of(chunk: Chunk, pages: Iterable[Page]) -> None:
    """The pages of a chunk, all with checksums, fill its place and add up to its counts.

    Raises
    ------
    DamagedError
    """
    at, end = chunk.start, chunk.start + chunk.compressed
    values = uncompressed = 0
    dictionary = False
    for page in pages:
        _require(page.checksum is not None and page.encoding in chunk.encodings)
        _require(not chunk.is_plain or page.compressed == page.uncompressed)
        at += page.header + page.compressed
        uncompressed += page.header + page.uncompressed
        if page.kind == DICTIONARY:
            _require(not dictionary and not values and page.encoding in (_PLAIN, _PLAIN_DICTIONARY))
            dictionary = True
        else:
            _require(dictionary or page.encoding not in (_PLAIN_DICTIONARY, _RLE_DICTIONARY))
            _require(chunk.data_encodings is None or page.encoding in chunk.data_encodings)
            values += page.values
    _require(at == end and values == chunk.values and uncompressed == chunk.uncompressed)


def read_page(data: Any, at: int, end: int | None = None) -> Page:
    """The page header that begins at a byte of a file, of a page that goes no further than ``end``, or than ``data``.

    Raises
    ------
    DamagedError
        No page header stands there.
    """
    fields, length = _page_fields(data, at)
    try:
        kind, uncompressed, compressed = fields[1], fields[2], fields[3]
        own = fields[{_DATA: 5, DICTIONARY: 7, DATA_V2: 8}[kind]]
        values, encoding = own[1], own[4 if kind == DATA_V2 else 2]
    except (KeyError, IndexError, TypeError, AttributeError):
        raise DamagedError from None
    numbers = (uncompressed, compressed, values, encoding)
    _require(type(fields.get(4, 0)) is int)
    _require(all(type(number) is int and number >= 0 for number in numbers))
    _require(at + length + compressed <= (len(data) if end is None else end))
    checksum = fields.get(4)
    return Page(
        kind, uncompressed, compressed, None if checksum is None else checksum & 0xFFFFFFFF, values, encoding, length
    )


def _page_fields(data: Any, at: int) -> tuple[dict[int, Any], int]:
    """A header's fields and its length in bytes, which only its own end shows."""
    most = _HEADER
    while True:
        window = data[at : at + most]
        try:
            return read_struct(window, 0, len(window))
        except DamagedError:
            if len(window) < most or most >= _LONGEST_HEADER:
                raise
            most <<= 4


def _require(holds: bool) -> None:
    if not holds:
        raise DamagedError
