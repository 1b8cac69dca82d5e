"""Small registers in every kind of file, and seeded ways to damage them."""

from __future__ import annotations

import datetime as dt
import io
import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

PRACTICES = ("C87002", "C87003", "Y00001")


def people(seed: int, count: int) -> pa.Table:
    """A register of every kind of column, with gaps, all of whose rows can be used."""
    choose = random.Random(seed)

    def column(values: list[Any], kind: pa.DataType) -> pa.Array:
        return pa.array([None if choose.random() < 0.2 else choose.choice(values) for _ in range(count)], kind)

    days = [dt.date(2014, 1, 1) + dt.timedelta(days=day) for day in range(400)]
    return pa.table(
        {
            "patient_id": [f"p{seed}-{number:05d}" for number in range(count)],
            "practice_id": [choose.choice(PRACTICES) for _ in range(count)],
            "age": column(list(range(100)), pa.int64()),
            "last_review": column(days, pa.date32()),
            "sex": column(["F", "M", "U"], pa.string()),
            "nominated": column([True, False], pa.bool_()),
            "asthma": pa.array([choose.random() < 0.3 for _ in range(count)]),
            "imd_decile": column(list(range(1, 11)), pa.int8()),
            "score": column([choose.random() for _ in range(50)], pa.float64()),
            "ward": column(["north", "süd", ""], pa.string()),
        }
    )


LAYOUTS: tuple[dict[str, Any], ...] = (
    {"compression": "none", "use_dictionary": False},
    {"compression": "zstd"},
    {"compression": "snappy", "data_page_version": "2.0"},
    {"compression": "none", "use_dictionary": False, "store_schema": False},
    {"compression": "lz4", "data_page_size": 64, "write_batch_size": 16},
    {
        "compression": "none",
        "use_dictionary": False,
        "column_encoding": {"age": "DELTA_BINARY_PACKED", "score": "BYTE_STREAM_SPLIT", "ward": "DELTA_BYTE_ARRAY"},
    },
)


def parquet_bytes(table: pa.Table, layout: int, *, checksums: bool = True) -> bytes:
    """The table as Parquet, in one of a few layouts, in three row groups."""
    sink = io.BytesIO()
    size = max(1, table.num_rows // 3)
    pq.write_table(table, sink, row_group_size=size, write_page_checksum=checksums, **LAYOUTS[layout % len(LAYOUTS)])
    return sink.getvalue()


def ipc_bytes(table: pa.Table, layout: int) -> bytes:
    """The table as an Arrow file or stream, compressed or not."""
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=[None, "lz4", "zstd"][layout // 2 % 3])
    writer = (pa.ipc.new_file if layout % 2 else pa.ipc.new_stream)(sink, table.schema, options=options)
    with writer:
        writer.write_table(table, max_chunksize=max(1, table.num_rows // 3))
    return sink.getvalue()


# Damage to bytes of any kind

Damage = Callable[[random.Random, bytes], bytes]


def one_bit(choose: random.Random, data: bytes) -> bytes:
    damaged, bit = bytearray(data), choose.randrange(8 * len(data))
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def one_bit_near_the_end(choose: random.Random, data: bytes) -> bytes:
    """Where a Parquet or Arrow file keeps its footer."""
    half = len(data) // 2
    return data[:half] + one_bit(choose, data[half:])


def some_bytes(choose: random.Random, data: bytes) -> bytes:
    damaged = bytearray(data)
    for _ in range(choose.choice([1, 2, 5])):
        damaged[choose.randrange(len(data))] = choose.choice([0, 1, 0x7F, 0x80, 0xFF, choose.randrange(256)])
    return bytes(damaged)


def cut(choose: random.Random, data: bytes) -> bytes:
    return data[: choose.randrange(len(data))]


def hole(choose: random.Random, data: bytes) -> bytes:
    start = choose.randrange(len(data))
    return data[:start] + data[start + choose.choice([1, 8, 100, 1000]) :]


def zeros(choose: random.Random, data: bytes) -> bytes:
    start, length = choose.randrange(len(data)), choose.choice([1, 8, 64, 512])
    return data[:start] + bytes(length) + data[start + length :]


def spliced(choose: random.Random, data: bytes) -> bytes:
    """A stretch of the file written over another."""
    start, to, length = choose.randrange(len(data)), choose.randrange(len(data)), choose.choice([4, 40, 400])
    return data[:to] + data[start : start + length] + data[to + length :]


def inserted(choose: random.Random, data: bytes) -> bytes:
    place = choose.randrange(len(data) + 1)
    return data[:place] + choose.randbytes(choose.choice([1, 4, 60])) + data[place:]


BYTES: tuple[Damage, ...] = (
    one_bit,
    one_bit_near_the_end,
    one_bit_near_the_end,
    some_bytes,
    cut,
    hole,
    zeros,
    spliced,
    inserted,
)


def forged_count(choose: random.Random, data: bytes) -> bytes:
    """One of the footer's numbers, of rows or of anything else, made another of the same length."""
    start = footer_start(data)
    # Numbers follow a field's head: its kind in the low half (5 or 6), how far its number is from the last one above.
    places = [at + 1 for at in range(start, len(data) - 9) if data[at] & 15 in (5, 6) and 0 < data[at] >> 4 < 4]
    if not places:
        return one_bit(choose, data)
    place = choose.choice(places)
    number = data[place] & 0x7F
    other = choose.choice([0, max(number - 2, 0), number + 2 & 0x7F, 0x7E, choose.randrange(128)])
    return data[:place] + bytes([data[place] & 0x80 | other]) + data[place + 1 :]


def cut_at_a_row_group(choose: random.Random, data: bytes) -> bytes:
    """A file whose middle is missing, its footer in place."""
    start = footer_start(data)
    return data[: choose.randrange(start + 1)] + data[start:]


def footer_start(data: bytes) -> int:
    """Where a Parquet file's footer begins; the middle of a file that is damaged there already."""
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    return start if start > 0 else len(data) // 2


def bodies_swapped(choose: random.Random, data: bytes) -> bytes:
    """The values of two pages, exchanged under their headers."""
    found = _pages(data)
    if len(found) < 2:
        return one_bit(choose, data)
    (_, a, a_end), (_, b, b_end) = sorted(choose.sample(found, 2))
    return data[:a] + data[b:b_end] + data[a_end:b] + data[a:a_end] + data[b_end:]


def page_header_edited(choose: random.Random, data: bytes) -> bytes:
    """A byte of a page's header made another."""
    found = _pages(data)
    if not found:
        return one_bit(choose, data)
    start, end, _ = choose.choice(found)
    place = choose.randrange(start, end)
    return data[:place] + bytes([data[place] ^ choose.choice([1, 2, 4, 0x10, 0x80, 0xFF])]) + data[place + 1 :]


def _pages(data: bytes) -> list[tuple[int, int, int]]:
    """Where each page's header begins, and where its values begin and end; none where the file is damaged already."""
    from casemgmt.parquet.frame import read_footer, read_page

    found = []
    try:
        for chunk in (chunk for group in read_footer(data).groups for chunk in group):
            at = chunk.start
            while at < chunk.start + chunk.compressed:
                page = read_page(data, at)
                found.append((at, at + page.header, at + page.header + page.compressed))
                at = found[-1][2]
    except ValueError:
        return []
    return found


PARQUET_PAGES: tuple[Damage, ...] = (bodies_swapped, page_header_edited, page_header_edited)
PARQUET: tuple[Damage, ...] = (*BYTES, forged_count, forged_count, forged_count, cut_at_a_row_group)


# Damage to lines of text


def csv_bytes(seed: int) -> bytes:
    """A register of four columns, some of whose rows cannot be used."""
    choose = random.Random(seed)
    lines = ["patient_id,practice_id,age,surname"]
    for number in range(choose.choice([1, 3, 8, 18])):
        surname = choose.choice(["X", '"X, Y"', "NA", "", 'D""', '"O""Neill"', "Müller", " Z "])
        lines.append(
            f"{choose.choice(['a', '0', '94'])}{number},{choose.choice(PRACTICES)},{choose.randint(0, 110)},{surname}"
        )
    if choose.random() < 0.3:
        lines.append(choose.choice(lines[1:]))
    return ("\n".join(lines) + choose.choice(["\n", ""])).encode()


def _in_text(change: Callable[[random.Random, str], str]) -> Damage:
    def damage(choose: random.Random, data: bytes) -> bytes:
        return change(choose, data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    return damage


SIGNS = (
    *('"', '""', ",", ",,", ";", "\t", "\n", "\r\n", "\r", "\x00", "\x0b", "\x0c", "\x1c", "\x85", "\\", "'", " "),
    *("\u00a0", "\u2028", "\u200b", "\ufeff", "\u0661", "\uff11", "−", "-", "+", ".", ".0", "e5", "E+09", "#", "é"),
    *("\u007f", "\U0001f600", "İ", "ß", "=1+1", "null", "NaN", "0", "0000000000"),
)


def sign(choose: random.Random, text: str) -> str:
    place = choose.randrange(len(text) + 1)
    return text[:place] + choose.choice(SIGNS) + text[place + choose.choice([0, 0, 1, 3]) :]


def sign_at_a_value(choose: random.Random, text: str) -> str:
    """Where a value begins or ends, at which quotes and spaces mean most."""
    places = [at for at in range(len(text) + 1) if text[at : at + 1] in (",", "\n") or text[at - 1 : at] in (",", "\n")]
    place = choose.choice(places or [0])
    return text[:place] + choose.choice(SIGNS) + text[place:]


def two_quotes(choose: random.Random, text: str) -> str:
    for _ in range(2):
        place = choose.randrange(len(text) + 1)
        text = text[:place] + '"' + text[place:]
    return text


def other_separator(choose: random.Random, text: str) -> str:
    return text.replace(",", choose.choice([";", "\t", "|", ", ", ",,"]), choose.choice([-1, 3]))


def other_line_ends(choose: random.Random, text: str) -> str:
    return text.replace(
        "\n", choose.choice(["\r\n", "\r", "\n\n", "\n\r", "\r\r\n", "\u2028", ""]), choose.choice([-1, 1, 2])
    )


def huge_value(choose: random.Random, text: str) -> str:
    place = choose.randrange(len(text) + 1)
    return text[:place] + choose.choice('9a," ') * choose.choice([5_000, 99_990, 100_001, 1_500_000]) + text[place:]


def lines_moved(choose: random.Random, text: str) -> str:
    lines = text.split("\n")
    for _ in range(3):
        lines.insert(choose.randrange(len(lines) + 1), choose.choice(lines))
    del lines[choose.randrange(len(lines))]
    return "\n".join(lines)


def a_column_less(choose: random.Random, text: str) -> str:
    return "\n".join(line.rpartition(",")[0] if choose.random() < 0.5 else line for line in text.split("\n"))


def other_encoding(choose: random.Random, data: bytes) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(choose.choice(["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "cp437"]), "replace")


CSV: tuple[Damage, ...] = (
    one_bit,
    some_bytes,
    cut,
    hole,
    spliced,
    inserted,
    other_encoding,
    *(_in_text(change) for change in (sign, sign, sign_at_a_value, sign_at_a_value, two_quotes, other_separator)),
    *(_in_text(change) for change in (other_line_ends, huge_value, lines_moved, a_column_less)),
)


def damaged(seed: int, data: bytes, ways: tuple[Damage, ...]) -> bytes:
    """The file damaged once, or a few times over."""
    choose = random.Random(seed)
    for _ in range(choose.choice([1, 1, 1, 2, 3])):
        if len(data) > 16:
            data = choose.choice(ways)(choose, data)
    return data
