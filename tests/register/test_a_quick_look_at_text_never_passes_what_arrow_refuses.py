"""What the quick looks at text call sound, pyarrow's own whole look calls sound; and plain ids take the quick one."""

import random

import numpy as np
import pyarrow as pa
import pytest

from casemgmt.arrow import is_sound_ascii
from casemgmt.register.soundness import _are_plain_views


def is_sound(array):
    try:
        array.validate(full=True)
    except (pa.ArrowException, ValueError):
        return False
    return True


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
def test_offsets_and_bytes_changed_anywhere_are_never_passed(kind):
    chance = random.Random(11)
    width, passed = (np.int64 if pa.types.is_large_string(kind) else np.int32), 0
    for _ in range(3_000):
        offsets = np.sort([chance.randrange(41) for _ in range(6)]).astype(width)
        data = bytearray(b"9990000018 B00001 none F M residential.."[:40])
        if chance.random() < 0.5:
            offsets[chance.randrange(6)] = chance.choice([-1, 0, 3, 40, 41, 10**6])
        if chance.random() < 0.3:
            data[chance.randrange(40)] = chance.choice([0x7F, 0x80, 0xC3, 0xFF])
        try:
            array = pa.Array.from_buffers(kind, 5, [None, pa.py_buffer(offsets), pa.py_buffer(bytes(data))])
        except pa.ArrowInvalid:  # pyarrow itself looks at the first and the last offset
            continue
        array = array.slice(chance.randrange(3))
        if is_sound_ascii(array):
            passed += 1
            assert is_sound(array)
    assert passed > 500


def test_views_changed_in_any_byte_are_never_passed():
    chance = random.Random(12)
    views = pa.array(["", "F", "B001", "B00001", "9990000018", "999 000 0018"], pa.string_view()).buffers()[1]
    passed = 0
    for place in range(len(views)):
        for byte in {0, 1, 4, 13, 0x41, 0x80, 0xFF, chance.randrange(256)}:
            raw = bytearray(views.to_pybytes())
            raw[place] = byte
            array = pa.Array.from_buffers(pa.string_view(), 6, [None, pa.py_buffer(bytes(raw))])
            if _are_plain_views(array):
                passed += 1
                assert is_sound(array)
    assert passed > 100


def test_plain_ids_need_no_second_look():
    ids = ["9990000018", "P123456789", "999 000 0018", "B00001", "F", ""]
    assert is_sound_ascii(pa.array(ids)) and is_sound_ascii(pa.array(ids, pa.large_string()).slice(2))
    assert _are_plain_views(pa.array(ids, pa.string_view()))
    assert not is_sound_ascii(pa.array(["é"])) and not _are_plain_views(pa.array(["é"], pa.string_view()))
