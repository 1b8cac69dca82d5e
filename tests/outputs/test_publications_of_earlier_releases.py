"""What an earlier release published is read back as it was, though lists have another order now and more files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from publications import forge, selection_of

from casemgmt.errors import VerifyError
from casemgmt.outputs import layout
from casemgmt.outputs.csv_text import to_csv
from casemgmt.outputs.published import verify
from casemgmt.results.published import load_selection


def as_published_before(folder: Path, made) -> None:
    """A publication as 0.3 made it: no text beside the lists, no removals a practice, lists in the order of ids."""
    later = [name for name in verify(folder).files if name.endswith("-removals.csv")] + [layout.README]
    for name in later:
        (folder / name).unlink()
    lists = {}
    for code in made.practices:
        lists[layout.practice_file(code)] = to_csv(made.practice(code))
        (folder / layout.practice_file(code)).write_bytes(lists[layout.practice_file(code)])

    def edit(manifest):
        for name in later:
            del manifest["files"][name]
        for name, data in lists.items():
            manifest["files"][name] |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}

    forge(folder, edit)


def test_a_publication_of_an_earlier_release_is_read_as_before(tmp_path):
    made = selection_of()
    folder = made.save(tmp_path / "out")
    now = (folder / "practices/C87001.csv").read_bytes()
    as_published_before(folder, made)
    assert (folder / "practices/C87001.csv").read_bytes() != now
    assert load_selection(folder).to_arrow().equals(made.to_arrow())
    assert verify(folder).documents == ()


def test_a_list_of_today_in_the_order_of_ids_is_not_what_was_published(tmp_path):
    made = selection_of()
    folder = made.save(tmp_path / "out")
    data = to_csv(made.practice("C87001"))
    (folder / "practices/C87001.csv").write_bytes(data)
    known = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    forge(folder, lambda manifest: manifest["files"]["practices/C87001.csv"].update(known))
    with pytest.raises(VerifyError, match="do not hold the same patients"):
        verify(folder)
