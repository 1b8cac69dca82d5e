"""A manifest is written as ``json.dumps`` writes it, with sorted keys and two spaces, and ends in its own checksum."""

from __future__ import annotations

import hashlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from casemgmt.outputs.manifest import OWN_SUM, canonical, read_manifest

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=4))


def written_by_json(manifest: dict[str, object]) -> bytes:
    text = json.dumps(manifest, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(), VALUES, min_size=1, max_size=5))
def test_the_text_is_that_of_json(manifest):
    try:
        manifest.pop(OWN_SUM, None)
        own = hashlib.sha256(written_by_json(manifest)).hexdigest()
    except UnicodeEncodeError:
        return  # half of a character, which no file can hold
    assert canonical(manifest) == written_by_json({**manifest, OWN_SUM: own})


def test_thousands_of_files_are_told_in_one_way():
    files = {f"practices/{n}.csv": {"sha256": "0" * 64, "bytes": n, "practice_id": f"B{n}"} for n in range(3000)}
    manifest = {"format": "casemgmt selection", "format_version": 1, "files": files, "none": {}, "empty": []}
    own = hashlib.sha256(written_by_json(manifest)).hexdigest()
    assert canonical(manifest) == written_by_json({**manifest, OWN_SUM: own})
    assert read_manifest(canonical(manifest))["files"] == files
