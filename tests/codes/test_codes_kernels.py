"""The compiled loops over coded rows, each beside what it should do written plainly."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest

from casemgmt.codes import kernels
from casemgmt.codes.merging import order_of
from casemgmt.texts import key_kernels
from casemgmt.texts.id_order import texts_of_keys
from casemgmt.texts.numbering import Keys, KeyTable

TEXTS = ["", "a", "b", "I21", "I219", "ab", "abcdefg", "abcdefgh", "abcdefghi", "é", "z" * 15, "z" * 16, "z" * 40]


def column(texts, kind=None):
    return pa.array(texts, kind or pa.string())


def plain_key(text: str, width: int) -> tuple[int, ...]:
    data = text.encode().ljust(8 * width - 1, b"\0") + bytes([len(text.encode())])
    return tuple(int.from_bytes(data[8 * word : 8 * word + 8], "big") for word in range(width))


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
@pytest.mark.parametrize("longest", [1, 4, 7, 8, 40])
def test_a_key_is_the_text_and_its_length(kind, longest):
    texts = [text for text in TEXTS if len(text.encode()) <= longest] * 3
    keys = Keys(column(texts, kind))
    packed = keys.block(0, len(texts)).copy()
    assert [tuple(row) for row in packed.tolist()] == [plain_key(text, keys.width) for text in texts]
    assert keys.block(2, 5).tolist() == packed[2:5].tolist()


def test_a_column_that_is_part_of_another_has_the_same_keys():
    whole = column(TEXTS * 2)
    keys = Keys(whole.slice(5, 9))
    assert keys.block(0, 9).tolist() == [list(plain_key(text, keys.width)) for text in (TEXTS * 2)[5:14]]


def test_keys_are_in_the_order_of_the_bytes_of_the_texts():
    chosen = random.Random(1)
    texts = sorted({"".join(chosen.choices("aAé0~", k=chosen.randrange(20))) for _ in range(300)}, key=str.encode)
    assert [tuple(row) for row in Keys(column(texts)).block(0, len(texts)).tolist()] == sorted(
        tuple(row) for row in Keys(column(texts)).block(0, len(texts)).tolist()
    )


LONG = [random.Random(seed).randbytes(20).hex() for seed in range(300)]


@pytest.mark.parametrize(
    "texts",
    [
        ["a", "b"],
        [f"P{number:09}" for number in range(3000)],
        TEXTS,
        ["x" * 30, "y"],
        LONG,
        # Alike in all that is looked at first.
        [start + text for start in LONG[:9] for text in LONG[:40]],
        [text + end for text in LONG for end in ("", "a", "ab")],
    ],
)
def test_ids_are_put_in_order_as_python_puts_their_bytes(texts):
    shuffled = random.Random(2).sample(texts, len(texts))
    assert [shuffled[place] for place in order_of(column(shuffled))] == sorted(texts, key=str.encode)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
@pytest.mark.parametrize("texts", [[], [""], ["a"], TEXTS, LONG, ["é" * 125, "", "b"]])
def test_keys_in_an_order_are_the_texts_again(texts, kind):
    ids = column(texts, kind)
    order = np.array(random.Random(3).sample(range(len(texts)), len(texts)), dtype=np.int64)
    found = texts_of_keys(Keys(ids).block(0, len(ids)), order, kind)
    found.validate(full=True)
    assert found.equals(ids.take(pa.array(order)))


@pytest.mark.parametrize("kind", [pa.int64(), pa.int32(), pa.uint64()])
def test_numbers_are_put_in_order_of_size(kind):
    numbers = [5, 0, 3, 10**9] + ([-1, -(2**31)] if kind != pa.uint64() else [2**63])
    assert [numbers[place] for place in order_of(pa.array(numbers, kind))] == sorted(numbers)


ALPHABETS = [TEXTS, [f"{number:03}" for number in range(5000)], [f"{number:012}" for number in range(5000)]]


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_each_distinct_key_gets_the_next_number(alphabet):
    texts = random.Random(3).choices(alphabet, k=12_000)
    numbers: dict[str, int] = {}
    wanted = [numbers.setdefault(text, len(numbers)) for text in texts]
    first = {text: texts.index(text) for text in numbers}
    keys = Keys(column(texts))
    for way in ("number", "number_column"):
        table, out = KeyTable(1), np.empty(len(texts), dtype=np.int32)
        for start in range(0, len(texts), 1000):
            part = out[start : start + 1000]
            if way == "number":
                table.number(keys.block(start, start + 1000), start, part)
            else:
                table.number_column(keys, start, start + 1000, part)
        assert out.tolist() == wanted
        assert table.seen_at[: table.known].tolist() == [first[text] for text in numbers]


def test_a_table_keeps_its_numbers_when_longer_texts_come():
    table, out = KeyTable(1), np.empty(3, dtype=np.int32)
    for texts, wanted in (
        (["a", "b", "a"], [0, 1, 0]),
        (["b", "b" * 20, "a"], [1, 2, 0]),
        (["a", "c", "b"], [0, 3, 1]),
    ):
        table.number(Keys(column(texts)).block(0, 3), 0, out)
        assert out.tolist() == wanted


def rows_in_order(width: int, count: int, seed: int):
    chosen = random.Random(seed)
    keys = np.array([[chosen.randrange(4) for _ in range(width)] for _ in range(count)], dtype=np.uint64).reshape(
        -1, width
    )
    return keys[np.lexsort(keys.T[::-1])]


@pytest.mark.parametrize("width", [1, 2, 3])
def test_rows_in_order_are_numbered_where_the_key_changes(width):
    keys = rows_in_order(width, 50, width)
    changes = np.r_[0, (np.diff(keys.astype(np.int64), axis=0) != 0).any(axis=1)].cumsum()
    last, seen_at, numbers = np.zeros(width, np.uint64), np.full(60, -1), np.empty(50, np.int32)
    known = 0
    for start in range(0, 50, 9):
        stop = min(start + 9, 50)
        marks = np.arange(start, stop)
        known = key_kernels.number_in_order(keys[start:stop], marks, last, known, seen_at, numbers[start:stop])
    assert numbers.tolist() == changes.tolist()
    assert known == changes[-1] + 1
    # Any row of a patient will do to read its id from.
    assert [changes[row] for row in seen_at[:known]] == list(range(known))


@pytest.mark.parametrize("width", [1, 2, 3])
def test_rows_out_of_order_are_noticed_wherever_they_are(width):
    keys = rows_in_order(width, 30, width)
    for place in range(1, 30):
        broken = keys.copy()
        broken[place, width - 1], broken[place - 1, width - 1] = 1, 2
        broken[place, : width - 1] = broken[place - 1, : width - 1]
        last, seen_at, numbers = np.zeros(width, np.uint64), np.empty(40, np.int64), np.empty(30, np.int32)
        assert key_kernels.number_in_order(broken, np.arange(30), last, 0, seen_at, numbers) == -1


def test_a_cell_is_the_class_of_the_day_and_the_code():
    chosen = np.random.default_rng(4)
    codes, days = chosen.integers(0, 5, 200).astype(np.int32), chosen.integers(-3, 12, 200).astype(np.int32)
    days[::17] = kernels.NO_DAY
    edges, last_day = np.array([1, 4, 4, 9], dtype=np.int32), 10
    cells = np.empty(200, dtype=np.int32)
    kernels.cells_of(codes, days, edges, last_day, 5, cells)
    for cell, code, day in zip(cells.tolist(), codes.tolist(), days.tolist(), strict=True):
        kind = 6 if day == kernels.NO_DAY else 5 if day > last_day else sum(day >= edge for edge in edges)
        assert cell == kind * 6 + code


@pytest.mark.parametrize("words", [1, 2, 3])
def test_masks_are_gathered_by_patient_and_rows_by_cell(words):
    chosen = np.random.default_rng(5)
    numbers = chosen.integers(0, 20, 300).astype(np.int32)
    cells = chosen.integers(0, 30, 300).astype(np.int32)
    masks = chosen.integers(0, 2**63, (words, 30)).astype(np.uint64)
    masks[:, ::3] = 0
    found, tally = np.zeros((words, 20), np.uint64), np.zeros(30, np.int64)
    for start in range(0, 300, 70):
        part = slice(start, start + 70)
        kernels.gather(cells[part], numbers[part], masks, masks.any(axis=0), found, tally)
    wanted = np.zeros_like(found)
    for word in range(words):
        np.bitwise_or.at(wanted[word], numbers, masks[word][cells])
    assert (found == wanted).all()
    assert tally.tolist() == np.bincount(cells, minlength=30).tolist()


@pytest.mark.parametrize("words", [1, 2])
def test_patients_whose_ids_are_their_places_are_gathered_and_named(words):
    chosen = np.random.default_rng(8)
    ids = chosen.integers(-7, 30, 200)
    cells = chosen.integers(0, 12, 200).astype(np.int32)
    masks = chosen.integers(0, 2**63, (words, 12)).astype(np.uint64)
    masks[:, 3:9] = 0
    found, named, tally = np.zeros((words, 37), np.uint64), np.zeros(37, np.uint8), np.zeros(12, np.int64)
    kernels.gather_by_id(cells, ids, -7, masks, masks.any(axis=0), found, named, tally)
    wanted = np.zeros_like(found)
    for word in range(words):
        np.bitwise_or.at(wanted[word], ids + 7, masks[word][cells])
    assert (found == wanted).all()
    assert named.tolist() == np.isin(np.arange(-7, 30), ids).tolist()
    assert tally.tolist() == np.bincount(cells, minlength=12).tolist()


@pytest.mark.parametrize("words", [1, 2])
def test_those_who_are_named_are_put_side_by_side(words):
    chosen = np.random.default_rng(9)
    named = chosen.integers(0, 2, 50).astype(np.uint8)
    held = chosen.integers(0, 2**63, (words, 50)).astype(np.uint64)
    ids, kept = np.empty(named.sum(), np.int64), np.empty((words, named.sum()), np.uint64)
    kernels.close_up(named, -5, held, ids, kept)
    assert ids.tolist() == (np.flatnonzero(named) - 5).tolist()
    assert (kept == held[:, named == 1]).all()


def test_rows_are_counted_and_the_latest_day_is_kept():
    chosen = np.random.default_rng(7)
    cells, numbers = chosen.integers(0, 6, 200).astype(np.int32), chosen.integers(0, 9, 200).astype(np.int32)
    days = chosen.integers(0, 1000, 200).astype(np.int32)
    adds = [[], [0], [1], [0, 1], [2], [0, 2]]
    starts = np.cumsum([0, *map(len, adds)])
    features = np.array([feature for each in adds for feature in each], dtype=np.int32)
    counts, latest = np.zeros((3, 9), np.int32), np.full((3, 9), kernels.NO_DAY, np.int32)
    counted = np.array([True, True, False])
    kernels.measure(cells, numbers, days, starts, features, counts, latest, counted)
    for feature in range(3):
        for number in range(9):
            rows = [
                day
                for cell, who, day in zip(cells, numbers, days, strict=True)
                if who == number and feature in adds[cell]
            ]
            assert counts[feature, number] == (len(rows) if counted[feature] else 0)
            assert latest[feature, number] == max(rows, default=kernels.NO_DAY)
