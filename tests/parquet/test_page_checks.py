"""A wide Parquet file that was damaged is refused when it is scanned, by either decoder, and its pages are checked."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mixed_practices import AS_OF, SCHEME, people
from registers import read_scheme
from scanned import scanned

import casemgmt as cm
from casemgmt.errors import InputError
from casemgmt.parquet import pages
from casemgmt.parquet.frame import check_frame, footer_of, read_page
from casemgmt.parquet.pages import check_pages, few_pages_of, pages_of
from casemgmt.parquet.reading import VerifiedFile
from casemgmt.parquet.thrift import DamagedError

SETTINGS = settings(max_examples=400, deadline=None, derandomize=True, database=None)


def wide_file(folder: Path, **options: Any) -> Path:
    table = people(90).append_column("ward", pa.array(["north", "süd", None] * 30))
    path = folder / "wide.parquet"
    pq.write_table(table, path, row_group_size=40, write_page_checksum=True, **options)
    return path


def checked(path: Path, **options: Any) -> None:
    frame = check_frame(path)
    with path.open("rb") as stream:
        check_pages(stream, frame, range(len(frame.groups)), **options)


OPTIONS = {
    "snappy": {},
    "plain": {"compression": "none", "use_dictionary": False},
    "zstd, second data pages": {"compression": "zstd", "data_page_version": "2.0"},
    "small pages": {"data_page_size": 64, "write_batch_size": 7},
    "with an index": {"write_page_index": True},
}


@pytest.fixture(params=[pages._WINDOW, 37], ids=["pages are held whole", "pages are longer than what is held"])
def window(request, monkeypatch):
    monkeypatch.setattr(pages, "_WINDOW", request.param)
    monkeypatch.setattr(pages, "_AMONG", request.param)


@pytest.mark.usefixtures("window")
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_sound_files_pass_and_every_flip_that_a_checksum_tells_of_is_found(tmp_path, options):
    path = wide_file(tmp_path, **options)
    checked(path)
    good, metadata = path.read_bytes(), pq.read_metadata(path)
    bodies = bodies_of(path)
    choose = random.Random(3)
    of_pyarrow = 0
    for flip in range(240):
        start, stop = choose.choice(bodies)
        at = choose.randrange(start, stop) if flip % 2 else max(4, start - choose.randrange(1, 20))
        changed = bytearray(good)
        changed[at] ^= 1 << choose.randrange(8)
        path.write_bytes(changed)
        try:
            pq.ParquetFile(path, page_checksum_verification=True, metadata=metadata).read()
            by_checksum = False
        except (pa.ArrowException, OSError) as error:
            by_checksum = "CRC checksum" in str(error)
        of_pyarrow += by_checksum
        try:
            checked(path)
        except DamagedError:
            continue
        assert not by_checksum
        assert not flip % 2, "a body that differs from its checksum"
    assert of_pyarrow > 100


def bodies_of(path: Path) -> list[tuple[int, int]]:
    """Where the bytes of each page lie, its header left out."""
    found, data = [], path.read_bytes()
    for chunk in (chunk for group in check_frame(path).groups for chunk in group):
        for at, page in pages_of(data[chunk.start : chunk.start + chunk.compressed])[0]:
            start = chunk.start + at + page.header
            if page.compressed:
                found.append((start, start + page.compressed))
    return found


def read_one_by_one(data: bytes) -> tuple[list[tuple[int, Any]], int]:
    """The pages as the plain reader of headers finds them, and where the first stands that it cannot read."""
    at, found = 0, []
    while at < len(data):
        try:
            page = read_page(data, at)
        except DamagedError:
            break
        found.append((at, page))
        at += page.header + page.compressed
    return found, at


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_the_compiled_reader_of_headers_finds_the_pages_that_the_plain_one_finds(tmp_path, options):
    path = wide_file(tmp_path, **options)
    data, found = path.read_bytes(), 0
    for chunk in (chunk for group in check_frame(path).groups for chunk in group):
        own = data[chunk.start : chunk.start + chunk.compressed]
        assert pages_of(own) == read_one_by_one(own) == few_pages_of(own, len(own))
        assert pages_of(own)[1] == len(own)
        found += len(pages_of(own)[0])
    assert found > 10


def assert_read_alike(data: bytes) -> None:
    """The compiled reader finds what the plain one finds, and stops no later: it takes fewer oddities for a header."""
    plain, found = read_one_by_one(data), pages_of(data)[0]
    assert few_pages_of(data, len(data) + 1) == plain
    assert found == plain[0][: len(found)]


@SETTINGS
@given(st.binary(max_size=200))
def test_any_bytes_are_pages_as_far_as_they_can_be_read(data):
    assert_read_alike(data)


GOOD = pa.BufferOutputStream()
pq.write_table(people(60), GOOD, row_group_size=25, write_page_checksum=True)
GOOD = GOOD.getvalue().to_pybytes()


@SETTINGS
@given(st.data())
def test_changed_headers_are_refused_or_read_as_the_plain_reader_reads_them(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "good.parquet"
    path.write_bytes(GOOD)
    chunks = [chunk for group in check_frame(path).groups for chunk in group]
    chunk = data.draw(st.sampled_from(chunks))
    changed = bytearray(GOOD[chunk.start : chunk.start + chunk.compressed])
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, min(40, len(changed) - 1)))] = data.draw(st.integers(0, 255))
    assert_read_alike(bytes(changed))


@pytest.mark.usefixtures("window")
@pytest.mark.parametrize("cut", [1, 40])
def test_a_file_that_ends_within_a_page_is_refused(tmp_path, cut):
    path = wide_file(tmp_path, compression="none")
    frame = check_frame(path)
    last = max(chunk.start + chunk.compressed for group in frame.groups for chunk in group)
    path.write_bytes(path.read_bytes()[: last - cut])
    with path.open("rb") as stream, pytest.raises(DamagedError):
        check_pages(stream, frame, range(len(frame.groups)))


@pytest.mark.usefixtures("window")
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_of_columns_whose_decoder_works_out_checksums_the_headers_alone_are_read(tmp_path, options):
    path = wide_file(tmp_path, **options)
    frame = check_frame(path)
    every = range(len(frame.names))
    checked(path, headers_alone=every)
    good = path.read_bytes()
    for _, stop in bodies_of(path):
        # The last bit of a page is mostly one of a value, which a decoder alone reads as another.
        path.write_bytes(good[: stop - 1] + bytes([good[stop - 1] ^ 1]) + good[stop:])
        checked(path, headers_alone=every)
        with pytest.raises(DamagedError):
            checked(path, headers_alone=())
        with pytest.raises(InputError, match="damaged"):
            VerifiedFile(path).read()
        with pytest.raises(InputError, match="damaged"):
            list(VerifiedFile(path).batches(["ward"], 50))
    for chunk in (chunk for group in frame.groups for chunk in group):
        path.write_bytes(good[: chunk.start] + b"\xff" + good[chunk.start + 1 :])
        with pytest.raises(DamagedError):
            checked(path, headers_alone=every)


def test_a_page_without_a_checksum_is_left_to_its_decoder(tmp_path):
    path = tmp_path / "plain.parquet"
    pq.write_table(people(30), path, write_page_checksum=False)
    checked(path)


# Selecting from damaged files


def outcome(select: Any) -> Any:
    try:
        selection = select()
    except InputError:
        return None
    return [selection.to_arrow(), selection.summary(), selection.register.quarantine, selection.register.corrections]


def assert_damage_is_refused(path: Path, changes: list[bytes], threads: int = 1) -> int:
    """Each of these in the place of the file: refused, or the same as before, or what the file read whole gives."""
    rules = read_scheme(SCHEME)
    good = path.read_bytes()
    unharmed = outcome(lambda: cm.select(cm.read_register(path, as_of=AS_OF), rules, score="points"))
    assert unharmed is not None
    refused = 0
    for number, changed in enumerate(changes):
        path.write_bytes(changed)
        whole = outcome(lambda: cm.select(cm.read_register(path, as_of=AS_OF), rules, score="points"))
        for decoder in ("polars", "pyarrow"):
            found = outcome(
                lambda decoder=decoder: cm.select(
                    scanned(path, as_of=AS_OF, decoder=decoder), rules, score="points", threads=threads
                )
            )
            refused += found is None
            assert found is None or found in (unharmed, whole), (number, decoder, whole is None)
    path.write_bytes(good)
    return refused


def flipped(good: bytes, flips: int, seed: int) -> list[bytes]:
    choose = random.Random(seed)
    found = []
    for bit in choose.sample(range(8 * len(good)), flips):
        changed = bytearray(good)
        changed[bit // 8] ^= 1 << bit % 8
        found.append(bytes(changed))
    return found


def test_a_flipped_bit_of_a_wide_file_is_refused_or_changes_nothing(tmp_path):
    path = wide_file(tmp_path)
    assert assert_damage_is_refused(path, flipped(path.read_bytes(), 60, seed=1)) > 60


@pytest.mark.long
@pytest.mark.parametrize("name", OPTIONS)
def test_ten_thousand_flipped_bits_of_wide_files_are_refused_or_change_nothing(tmp_path, name):
    path = wide_file(tmp_path, **OPTIONS[name])
    assert_damage_is_refused(path, flipped(path.read_bytes(), 2000, seed=len(name)))


def test_a_wide_file_that_was_cut_short_is_refused(tmp_path):
    path = wide_file(tmp_path)
    good = path.read_bytes()
    sizes = [*range(0, len(good), len(good) // 25), len(good) - 1, len(good) - 8]
    assert assert_damage_is_refused(path, [good[:size] for size in sizes]) == 2 * len(sizes)


@pytest.mark.parametrize("rows", [0, 1, 3000])
def test_files_of_other_writers_pass_the_checks(tmp_path, rows):
    import duckdb
    import polars as pl

    table = people(rows) if rows else people(1).slice(0, 0)
    gaps = [None if n % 3 else n for n in range(rows)]
    table = table.append_column("gaps", pa.array(gaps, pa.int64()))
    table = table.append_column("ward", pa.array([None if n is None else str(n % 7) for n in gaps], pa.string()))
    frame = pl.from_arrow(table)
    for compression in ("zstd", "snappy", "uncompressed", "lz4"):
        path = tmp_path / f"{compression}.parquet"
        frame.write_parquet(path, compression=compression, row_group_size=1000)
        checked(path)
        duckdb.from_arrow(table).write_parquet(str(path), compression=compression, row_group_size=2048)
        checked(path)
        whole = cm.read_register(path, as_of=AS_OF)
        if rows:
            options = {"score": "points"}
            read = cm.select(whole, read_scheme(SCHEME), **options)
            found = cm.select(scanned(path, as_of=AS_OF, decoder="polars"), read_scheme(SCHEME), **options)
            assert found.to_arrow().equals(read.to_arrow())


@pytest.mark.parametrize(("name", "flip"), [("snappy", 884), ("small pages", 1862)])
def test_gaps_and_rows_that_the_footer_alone_changes_are_refused(tmp_path, name, flip):
    # With the writer of today, one makes a column with gaps one without, the other a row group shorter.
    path = wide_file(tmp_path, **OPTIONS[name])
    good = path.read_bytes()
    assert_damage_is_refused(path, flipped(good, 2000, seed=len(name))[flip : flip + 1])
    footer = footer_of(good)[0]
    changed = [bytearray(good) for _ in range(60)]
    for number, each in enumerate(changed):
        each[footer + 20 + 17 * number % (len(good) - footer - 28)] ^= 1 << number % 8
    assert_damage_is_refused(path, [bytes(each) for each in changed])
