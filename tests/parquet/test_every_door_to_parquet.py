"""A damaged Parquet file is refused, or gives what was written, by whichever door it comes in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from damage import PARQUET, PARQUET_PAGES, damaged, parquet_bytes, people
from doors import AS_OF, DOORS, coded_rows, episode_rows
from publications import put, selection_of
from reading_child import Reader
from register_tools import CORPUS

import casemgmt as cm
from casemgmt.codes.codelist import Entry
from casemgmt.codes.events import Events
from casemgmt.outputs import layout

WAYS = (*PARQUET, *PARQUET_PAGES)
TABLES = {"conditions": coded_rows, "episodes": episode_rows}
LAID_OUT = [name for name in layout.TABLES if name.endswith(".parquet")]


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    made = Reader(seconds=60, bytes_=6 * 1024**3)  # compiled loops are loaded too
    yield made
    made.close()


def sound_bytes(door: str, seed: int, *, checksums: bool) -> bytes:
    table = TABLES.get(door, people)(seed % 5, 12 + 9 * (seed % 6))
    return parquet_bytes(table, seed, checksums=checksums)


def bring_in(reader: Reader, path: Path, door: str, what: str) -> str | None:
    """What the door says of the file; None where it refuses it in words."""
    report = reader.read(path, door)
    assert report.outcome in ("refused", "accepted"), f"{what}: {report.outcome}, {report.message}"
    assert report.outcome == "accepted" or report.message.strip(), what
    return report.said if report.outcome == "accepted" else None


COUNTS = [40, pytest.param(2000, marks=pytest.mark.long)]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("door", [door for door in DOORS if door not in ("publication", "packed")])
def test_a_damaged_file_with_checksums_is_refused_or_read_as_it_was_written(reader, tmp_path, door, count):
    path, outcomes = tmp_path / "file.parquet", Counter()
    known: dict[bytes, str] = {}
    for seed in range(count):
        sound = sound_bytes(door, seed, checksums=True)
        if sound not in known:
            path.write_bytes(sound)
            known[sound] = bring_in(reader, path, door, "undamaged")
            assert known[sound] is not None
        path.write_bytes(damaged(seed, sound, WAYS))
        found = bring_in(reader, path, door, f"seed {seed}")
        outcomes[found is None] += 1
        assert found in (None, known[sound]), f"seed {seed}"
    assert outcomes[True] > count // 2


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("door", [door for door in DOORS if door not in ("publication", "packed")])
def test_a_damaged_file_without_checksums_ends_no_process(reader, tmp_path, door, count):
    path = tmp_path / "file.parquet"
    for seed in range(count):
        path.write_bytes(damaged(seed, sound_bytes(door, seed, checksums=False), WAYS))
        bring_in(reader, path, door, f"seed {seed}")


@pytest.mark.parametrize("count", COUNTS)
def test_a_damaged_file_of_a_publication_whose_manifest_was_made_to_fit_is_refused_or_as_published(
    reader, tmp_path, count
):
    folder = selection_of().save(tmp_path / "out")
    wanted = bring_in(reader, folder, "publication", "undamaged")
    assert wanted is not None
    refused = 0
    for seed in range(count):
        name = LAID_OUT[seed % len(LAID_OUT)]
        sound = (folder / name).read_bytes()
        put(folder, name, damaged(seed, sound, WAYS))
        found = bring_in(reader, folder, "publication", f"seed {seed}")
        refused += found is None
        assert found in (None, wanted), f"seed {seed}"
        put(folder, name, sound)
    assert refused > count // 2


@pytest.mark.parametrize("count", COUNTS)
def test_a_damaged_packed_file_is_refused(reader, tmp_path, count):
    register = cm.read_register(people(1, 60), as_of=AS_OF)
    path = register.save_packed(tmp_path / "packed.parquet")
    sound, wanted = path.read_bytes(), bring_in(reader, path, "packed", "undamaged")
    assert wanted is not None
    for seed in range(count):
        data = damaged(seed, sound, WAYS)
        path.write_bytes(data)
        found = bring_in(reader, path, "packed", f"seed {seed}")
        assert found == (wanted if data == sound else None), f"seed {seed}"


def test_each_decoder_gives_all_rows_of_a_sound_file(reader, tmp_path):
    path = tmp_path / "file.parquet"
    for seed in range(6):
        path.write_bytes(sound_bytes("register", seed, checksums=True))
        by_polars = bring_in(reader, path, "scanned by polars", "sound")
        assert by_polars is not None
        assert by_polars == bring_in(reader, path, "scanned by pyarrow", "sound")
        assert all(row["patient_id"] in by_polars for row in cm.read_register(path, as_of=AS_OF).to_arrow().to_pylist())


DAMAGED = sorted((CORPUS / "damaged").glob("*.parquet"))


@pytest.mark.parametrize("path", DAMAGED, ids=lambda path: path.stem)
def test_files_that_were_once_misread_are_refused_by_every_door(path):
    columns = {"practice_id": "code", "imd_decile": "order"}
    columns_of_episodes = {"practice_id": "admission_method", "age": "admission_date"}
    events = Events(path, columns=columns), Events(path, columns=columns_of_episodes)
    entries = (Entry("C87", "north", "prefix"),)
    lists = cm.CodeList(name="test", system="icd10", entries=entries)
    calls = (
        lambda: cm.read_register(path, as_of=AS_OF),
        lambda: len(cm.scan_register(path, as_of=AS_OF, decoder="polars").practices),
        lambda: len(cm.scan_register(path, as_of=AS_OF, decoder="pyarrow").practices),
        lambda: cm.derive_conditions(events[0], lists, as_of=AS_OF, undated_as_ever=True),
        lambda: cm.count_admissions(events[1], as_of=AS_OF),
    )
    for call in calls:
        with pytest.raises(cm.InputError, match=f"{path.name}: not a readable Parquet file"):
            call()
