"""Random changes to the rows of a store, each with where it must be found."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import sqlalchemy as sa

from casemgmt.caseload.events.event import NO_HASH, hash_of
from casemgmt.caseload.events.table import COLUMNS
from casemgmt.caseload.store.schema import chains, events

VALUES = COLUMNS[:10]


class Expected(NamedTuple):
    """What must be found: of these practices, at one of these numbers each, no more faults than that."""

    what: str
    at: dict[str, set[int | None]]
    most: int


class Row(dict):
    """A row that knows its key."""

    @property
    def key(self) -> tuple[str, int]:
        return self["practice_id"], self["number"]


class Tampering:
    """One change, in a transaction that is taken back."""

    def __init__(self, connection: sa.Connection, rows: list[Row], seed: int) -> None:
        self.connection, self.rows, self.random = connection, rows, random.Random(seed)
        self.ends = {row["practice_id"]: row["number"] for row in rows}

    def change(self) -> Expected:
        return self.random.choice(KINDS)(self)

    # What is done to rows.

    def update(self, key: tuple[str, int], **values: Any) -> None:
        where = (events.c.practice_id == key[0]) & (events.c.number == key[1])
        assert self.connection.execute(events.update().where(where).values(values)).rowcount == 1

    def delete(self, *keys: tuple[str, int]) -> None:
        for code, number in keys:
            where = (events.c.practice_id == code) & (events.c.number == number)
            assert self.connection.execute(events.delete().where(where)).rowcount == 1

    def insert(self, row: dict[str, Any]) -> None:
        self.connection.execute(events.insert().values({name: row[name] for name in COLUMNS}))

    def make_room(self, code: str, after: int) -> None:
        """Renumber what comes after by one more."""
        for number in range(self.ends[code], after, -1):
            self.update((code, number), number=number + 1)

    def row(self, least: int = 1) -> Row:
        return self.random.choice([row for row in self.rows if row["number"] >= least])

    def hashed(self, row: dict[str, Any]) -> bytes:
        return hash_of(tuple(row[name] for name in VALUES), row["previous"])


def _one(tampering: Tampering, what: str, row: Row, *others: int) -> Expected:
    return Expected(what, {row["practice_id"]: {row["number"], *others}}, 1)


def bit(tampering: Tampering) -> Expected:
    row = tampering.row()
    name = tampering.random.choice([name for name in COLUMNS if row[name] not in (None, "", b"") and name != "number"])
    value = row[name]
    if isinstance(value, bytes):
        place, flip = tampering.random.randrange(len(value)), 1 << tampering.random.randrange(8)
        changed = value[:place] + bytes([value[place] ^ flip]) + value[place + 1 :]
    elif isinstance(value, int):
        changed = value ^ (1 << tampering.random.randrange(20))
    else:
        place = tampering.random.randrange(len(value))
        changed = value[:place] + chr(ord(value[place]) ^ (1 << tampering.random.randrange(3))) + value[place + 1 :]
    if name == "practice_id":
        return moved_to_practice(tampering, row, changed)
    tampering.update(row.key, **{name: changed})
    return _one(tampering, f"bit of {name}", row)


def moved_to_practice(tampering: Tampering, row: Row, code: str) -> Expected:
    number = max(row["number"], tampering.ends.get(code, 0) + 1)
    tampering.update(row.key, practice_id=code, number=number)
    return Expected("other practice", {row["practice_id"]: {row["number"]}, code: {number}}, 2)


def edited(tampering: Tampering) -> Expected:
    row = tampering.row()
    name = tampering.random.choice(COLUMNS)
    if name == "practice_id":
        codes = ["Z99999", *(code for code in tampering.ends if code != row["practice_id"])]
        return moved_to_practice(tampering, row, tampering.random.choice(codes))
    if name == "number":
        tampering.update(row.key, number=tampering.ends[row["practice_id"]] + tampering.random.randrange(1, 50))
        return _one(tampering, "number", row)
    others = {
        **{"kind": "died", "patient_id": "other", "happened_on": "2001-02-03", "by": "Somebody"},
        **{"recorded_at": "2001-02-03T00:00:00.000000Z", "basis": 77, "corrects": 78, "details": '{"rank":1}'},
        **{"previous": tampering.random.randbytes(32), "hash": tampering.random.randbytes(32)},
    }
    nothing = name in ("patient_id", "by", "basis", "corrects") and row[name] is not None
    tampering.update(row.key, **{name: None if nothing and tampering.random.random() < 0.5 else others[name]})
    return _one(tampering, f"edit of {name}", row)


def edited_and_hashed(tampering: Tampering) -> Expected:
    row = Row(tampering.row())
    row["patient_id"] = "somebody else"
    tampering.update(row.key, patient_id=row["patient_id"], hash=tampering.hashed(row))
    return _one(tampering, "edit with its hash", row)


def edited_and_linked(tampering: Tampering) -> Expected:
    row = Row(tampering.row(2))
    row["previous"] = tampering.random.randbytes(32)
    tampering.update(row.key, previous=row["previous"], hash=tampering.hashed(row))
    return _one(tampering, "edit with its link and hash", row)


def swapped(tampering: Tampering) -> Expected:
    row = tampering.row(2)
    other = tampering.random.randrange(1, row["number"])
    code = row["practice_id"]
    tampering.update(row.key, number=9_000)
    tampering.update((code, other), number=row["number"])
    tampering.update((code, 9_000), number=other)
    return Expected("swap", {code: {row["number"], other}}, 2)


def moved(tampering: Tampering) -> Expected:
    """One event to another place, those between renumbered."""
    row = tampering.row(2)
    code, to = row["practice_id"], tampering.random.randrange(1, row["number"])
    tampering.update(row.key, number=9_000)
    for number in range(row["number"] - 1, to - 1, -1):
        tampering.update((code, number), number=number + 1)
    tampering.update((code, 9_000), number=to)
    # Of two that have changed places either may be told.
    return _one(tampering, "move", row, *([to] if to == row["number"] - 1 else []))


def deleted(tampering: Tampering) -> Expected:
    row = tampering.row()
    tampering.delete(row.key)
    return _one(tampering, "deletion", row)


def deleted_and_renumbered(tampering: Tampering) -> Expected:
    row = tampering.row()
    code = row["practice_id"]
    tampering.delete(row.key)
    for number in range(row["number"] + 1, tampering.ends[code] + 1):
        tampering.update((code, number), number=number - 1)
    return _one(tampering, "deletion, the others renumbered", row)


def deleted_at_the_end(tampering: Tampering) -> Expected:
    row = tampering.row()
    code, end = row["practice_id"], tampering.ends[row["practice_id"]]
    tampering.delete(*((code, number) for number in range(row["number"], end + 1)))
    return _one(tampering, "end cut off", row)


def without_head(tampering: Tampering) -> Expected:
    code = tampering.random.choice(list(tampering.ends))
    assert tampering.connection.execute(chains.delete().where(chains.c.practice_id == code)).rowcount == 1
    return Expected("head deleted", {code: {tampering.ends[code]}}, 1)


def other_head(tampering: Tampering) -> Expected:
    code = tampering.random.choice(list(tampering.ends))
    end = tampering.ends[code]
    values = tampering.random.choice(
        [
            {"hash": tampering.random.randbytes(32)},
            {"number": end + 1 if end == 1 or tampering.random.random() < 0.5 else tampering.random.randrange(1, end)},
        ]
    )
    tampering.connection.execute(chains.update().where(chains.c.practice_id == code).values(values))
    return Expected(f"head edited: {list(values)}", {code: {end}}, 1)


def copied_to_the_end(tampering: Tampering) -> Expected:
    row = tampering.row()
    code = tampering.random.choice([*tampering.ends, "Z99999"])
    number = tampering.ends.get(code, 0) + 1
    tampering.insert({**row, "practice_id": code, "number": number})
    return Expected("copy at the end", {code: {number}}, 1)


def copied_in_the_middle(tampering: Tampering) -> Expected:
    row = tampering.row()
    code = tampering.random.choice(list(tampering.ends))
    after = tampering.random.randrange(0, tampering.ends[code])
    tampering.make_room(code, after)
    tampering.insert({**row, "practice_id": code, "number": after + 1})
    # Beside the event itself, either of the two may be the copy.
    beside = {after, after + 2} if row["practice_id"] == code else set()
    return Expected("copy in the middle", {code: {after + 1, *beside}}, 1)


def copied_over_another(tampering: Tampering) -> Expected:
    row, over = tampering.row(), tampering.row()
    if row.key == over.key:
        return deleted(tampering)
    tampering.delete(over.key)
    tampering.insert({**row, "practice_id": over["practice_id"], "number": over["number"]})
    return _one(tampering, "copy over another", over)


def forged_at_the_end(tampering: Tampering) -> Expected:
    """A new event that follows the last one in every way, but not the head."""
    code = tampering.random.choice(list(tampering.ends))
    last = max((row for row in tampering.rows if row["practice_id"] == code), key=lambda row: row["number"])
    row = {**last, "number": last["number"] + 1, "previous": last["hash"], "details": '{"rank":3}'}
    tampering.insert({**row, "hash": tampering.hashed(row)})
    return Expected("forged at the end", {code: {last["number"] + 1}}, 1)


def forged_in_the_middle(tampering: Tampering) -> Expected:
    row = tampering.row()
    code, number = row.key
    tampering.make_room(code, number)
    forged = {**row, "number": number + 1, "previous": row["hash"], "patient_id": "nobody"}
    tampering.insert({**forged, "hash": tampering.hashed(forged)})
    return _one(tampering, "forged in the middle", Row(forged))


def renumbered(tampering: Tampering) -> Expected:
    """All from one on."""
    row = tampering.row()
    tampering.make_room(row["practice_id"], row["number"] - 1)
    return _one(tampering, "renumbered", row)


KINDS: list[Callable[[Tampering], Expected]] = [
    *(bit, bit, edited, edited, edited_and_hashed, edited_and_linked, swapped, moved),
    *(deleted, deleted_and_renumbered, deleted_at_the_end, without_head, other_head),
    *(copied_to_the_end, copied_in_the_middle, copied_over_another, forged_at_the_end, forged_in_the_middle),
    renumbered,
]


@contextmanager
def tampered(engine: sa.Engine, seed: int) -> Iterator[tuple[sa.Connection, Expected]]:
    """A transaction in which one thing was changed; all is taken back in the end."""
    with engine.connect() as connection:
        transaction = connection.begin()
        try:
            rows = [Row(row._mapping) for row in connection.execute(events.select())]
            for row in rows:
                row["previous"], row["hash"] = bytes(row["previous"]), bytes(row["hash"])
            assert rows[0]["previous"] == NO_HASH
            yield connection, Tampering(connection, rows, seed).change()
        finally:
            transaction.rollback()
