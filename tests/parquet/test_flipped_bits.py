"""One flipped bit anywhere in what was written is refused: in a publication, and in a sealed Parquet file."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from damage import LAYOUTS, people
from publications import selection_of

from casemgmt.errors import VerifyError
from casemgmt.outputs.published import verify
from casemgmt.parquet.seal import KEY, UNSEALED, check_seal, seal
from casemgmt.parquet.thrift import DamagedError


def publication(folder: Path) -> Path:
    return selection_of().save(folder / "out")


def sealed_parquet(folder: Path) -> Path:
    path = folder / "sealed.parquet"
    write_sealed(path, people(1, 40), 1)
    return path


def write_sealed(path: Path, table: pa.Table, layout: int) -> None:
    with pq.ParquetWriter(path, table.schema, write_page_checksum=True, **LAYOUTS[layout]) as writer:
        writer.write_table(table, row_group_size=15)
        writer.add_key_value_metadata({KEY: UNSEALED})
    seal(path)


def read_sealed(path: Path) -> pa.Table:
    check_seal(path)
    return pq.ParquetFile(path, page_checksum_verification=True).read()


# What is written to a folder, how it is read back, and how it is refused: a line for each kind of file.
SEALED: dict[str, tuple[Callable[[Path], Path], Callable[[Path], object], tuple[type[BaseException], ...]]] = {
    "publication": (publication, verify, (VerifyError,)),
    "sealed Parquet": (sealed_parquet, read_sealed, (DamagedError, pa.ArrowException, OSError)),
}


@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", SEALED)
def test_one_flipped_bit_anywhere_is_refused(tmp_path, kind, count):
    write, read, refusals = SEALED[kind]
    written = write(tmp_path)
    files = sorted(path for path in written.rglob("*") if path.is_file()) if written.is_dir() else [written]
    choose = random.Random(count)
    for turn in range(count):
        path = files[turn % len(files)]
        sound = path.read_bytes()
        damaged, bit = bytearray(sound), choose.randrange(8 * len(sound))
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(refusals):
            read(written)
        path.write_bytes(sound)
    read(written)


@pytest.mark.parametrize("layout", range(len(LAYOUTS)))
def test_every_byte_of_a_sealed_file_is_under_its_seal_or_a_page_checksum(tmp_path, layout):
    path = tmp_path / "sealed.parquet"
    table = people(1, 12)
    write_sealed(path, table, layout)
    assert read_sealed(path).equals(table)
    sound = path.read_bytes()
    for place in range(layout, len(sound), 13):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 1 << place % 8]) + sound[place + 1 :])
        with pytest.raises((DamagedError, pa.ArrowException, OSError)):
            read_sealed(path)


def test_a_file_without_a_seal_or_without_checksums_is_refused(tmp_path):
    path = tmp_path / "register.parquet"
    pq.write_table(people(1, 20), path, write_page_checksum=True)
    for attempt in (seal, check_seal):
        with pytest.raises(DamagedError):
            attempt(path)
    with pq.ParquetWriter(path, people(1, 20).schema) as writer:
        writer.write_table(people(1, 20))
        writer.add_key_value_metadata({KEY: UNSEALED})
    with pytest.raises(DamagedError):
        seal(path)
    write_sealed(path, people(1, 20), 0)
    with pytest.raises(DamagedError):
        seal(path)
    check_seal(path)
