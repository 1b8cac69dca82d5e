"""What is appended stands in its chain, is read as it was given, and is there whole or not at all."""

from __future__ import annotations

import datetime as dt
import gc
from contextlib import suppress

import pyarrow as pa
import pytest
from appending import DAY, proposed
from hostile_values import HOSTILE
from memory_store import MemoryStore

import casemgmt as cm
from casemgmt.caseload.events.event import NO_HASH, NewEvent, chained
from casemgmt.caseload.events.table import ASKED, COLUMNS, schema
from casemgmt.caseload.store import database, writing
from casemgmt.caseload.store.engines import writing_on
from casemgmt.caseload.store.schema import events

MOMENT = dt.datetime(2015, 4, 1, 9, 30, 0, 123456, dt.UTC)


def fill(store):
    """Some events of two practices and three moments, the same in any store."""
    published = NewEvent("B", "list_published", DAY, details={"scheme": "s", "list_date": DAY, "fingerprint": "é"})
    with store.writing(["B", "A"], MOMENT) as open_to:
        open_to.append([published, proposed("A", "1")])
        open_to.append([NewEvent("B", "proposed", DAY, "2", basis=1, details={"route": "risk", "rank": 4})])
    with store.writing(["A"], MOMENT + dt.timedelta(days=1)) as open_to:
        open_to.append([NewEvent("A", "accepted", DAY, "1", by="Dr \\ 'É' \"x\"", details={"reason": "a,b;c"})])
    with store.writing(["A"], MOMENT + dt.timedelta(hours=1)) as open_to:  # a clock that runs behind
        values = {"happened_on": dt.date(2015, 3, 1), "reason": "\U0001f600"}
        open_to.append([NewEvent("A", "corrected", DAY, "1", corrects=2, details={"values": values})])


def test_a_database_answers_as_a_list_does(caseload):
    memory = MemoryStore()
    fill(memory)
    fill(caseload.store)
    codes = ["A", "B"]
    assert caseload.store.events(COLUMNS, practices=codes).equals(memory.events(COLUMNS, practices=codes))
    for code in (*codes, "C"):
        assert caseload.store.events(practices=[code]).equals(memory.events(practices=[code]))
    for hours in (-1, 0, 1, 25):
        known_at = MOMENT + dt.timedelta(hours=hours)
        own = {code: head for code, head in caseload.store.heads(known_at).items() if code}
        assert own == memory.heads(known_at)
        asked = {"practices": codes, "known_at": known_at}
        assert caseload.store.events(**asked).equals(memory.events(**asked))
    assert {code: head for code, head in caseload.store.heads().items() if code} == memory.heads()
    assert caseload.verify(caseload.heads()).whole


def test_any_columns_in_any_order_are_read(caseload):
    fill(caseload.store)
    whole = caseload.events()
    assert whole.schema == schema()
    for columns in (["hash"], ["details", "number"], ["by"], list(COLUMNS[::-1]), ["number", "number"], []):
        found = caseload.store.events(columns)
        assert found.column_names == columns
        assert found.num_rows == (whole.num_rows if columns else 0) or not columns
        for place, name in enumerate(columns):
            assert found.column(place).equals(whole.column(name))
    assert caseload.store.events(practices=[]).equals(whole.slice(0, 0).select(list(ASKED)))
    with pytest.raises(cm.InputError, match="have no column 'patient'"):
        caseload.store.events(["patient"])


def test_many_practices_are_read_in_the_order_of_their_bytes(caseload):
    codes = ["b", "B", "É", "e", "Z9", "Z10", "\U0001f600", "ﬀ"]
    with caseload.store.writing(codes) as open_to:
        open_to.append([proposed(code, str(n)) for n in range(3) for code in codes])
    table = caseload.events()
    found = list(dict.fromkeys(table.column("practice_id").to_pylist()))
    assert found == ["", *sorted(codes, key=str.encode)]
    assert caseload.practices == tuple(found[1:])
    assert list(caseload.store.heads()) == found
    assert table.column("number").to_pylist() == [1] + [1, 2, 3] * len(codes)


def test_pieces_that_arrow_reads_apart_come_together_in_order(caseload, monkeypatch):
    from casemgmt.caseload.store import reading

    monkeypatch.setattr(reading, "_BYTES_AT_ONCE", 1)
    monkeypatch.setattr(reading, "_IN_A_PIECE", 7)
    with caseload.store.writing(["A", "B"]) as open_to:
        open_to.append([proposed(code, str(n)) for n in range(50) for code in ("A", "B")])
    table = caseload.events()
    assert table.column("number").to_pylist() == [1, *range(1, 51), *range(1, 51)]
    assert table.column("patient_id").to_pylist() == [None, *map(str, range(50)), *map(str, range(50))]


def test_hostile_texts_come_back_as_they_were(caseload):
    fit = [value for value in HOSTILE if value.strip() and value.isprintable() and len(value) <= 200]
    assert len(fit) > 100
    with caseload.store.writing(["A"]) as open_to:
        open_to.append([NewEvent("A", "accepted", DAY, value, by=value, details={"reason": value}) for value in fit])
    table = caseload.events(practice_id="A")
    assert table.column("patient_id").to_pylist() == fit
    assert table.column("by").to_pylist() == fit
    assert caseload.verify().whole


def test_what_raises_leaves_nothing(caseload):
    before = caseload.events()
    with pytest.raises(ZeroDivisionError), caseload.store.writing(["A", "B"]) as open_to:
        open_to.append([proposed("A", "1")])
        open_to.append([proposed("B", "1")])
        1 / 0  # noqa: B018
    with pytest.raises(cm.InputError), caseload.store.writing(["A"]) as open_to:
        open_to.append([proposed("A", "1")])
        open_to.append([proposed("A", "2"), NewEvent("A", "accepted", DAY, "2")])
    assert caseload.events().equals(before)
    assert caseload.practices == ()
    assert caseload.verify(caseload.heads()).whole
    with caseload.store.writing(["A"]) as open_to:
        open_to.append([proposed("A", "1")])
    assert caseload.store.heads()["A"].number == 1


def test_a_transaction_that_writes_nothing_leaves_nothing(caseload):
    with caseload.store.writing(["A", "B"]):
        pass
    assert list(caseload.store.heads()) == [""]


def test_the_clock_is_read_once_the_chains_are_held(caseload, monkeypatch):
    moments = iter([dt.datetime(2020, 1, 2, tzinfo=dt.UTC), dt.datetime(2020, 1, 1, tzinfo=dt.UTC)])

    class Clock(dt.datetime):
        @classmethod
        def now(cls, zone):
            assert zone is dt.UTC
            return next(moments)

    monkeypatch.setattr(writing.dt, "datetime", Clock)
    for patient in ("1", "2"):
        with caseload.store.writing(["A"]) as open_to:
            open_to.append([proposed("A", patient)])
    monkeypatch.undo()
    table = caseload.events(practice_id="A")
    assert [each.date() for each in table.column("recorded_at").to_pylist()] == [dt.date(2020, 1, 2)] * 2


@pytest.mark.parametrize("moment", [dt.datetime(2015, 4, 1), dt.date(2015, 4, 1), "2015-04-01", 7])
def test_a_moment_without_a_time_zone_is_refused(caseload, moment):
    with (
        pytest.raises(cm.InputError, match="recorded_at= is a moment with its time zone"),
        caseload.store.writing(["A"], moment),
    ):
        pass
    for ask in (caseload.store.heads, lambda known_at: caseload.events(known_at=known_at)):
        with pytest.raises(cm.InputError, match="known_at= is a moment with its time zone"):
            ask(moment)


def test_a_moment_ahead_is_refused(caseload):
    ahead = dt.datetime.now(dt.UTC) + dt.timedelta(days=2)
    with pytest.raises(cm.InputError, match="lies ahead"), caseload.store.writing(["A"], ahead):
        pass


@pytest.mark.parametrize("codes", [[None], [7], ["a\0"], ["\ud800"], ["a\n"]])
def test_practices_that_are_no_codes_are_refused(caseload, codes):
    with pytest.raises(cm.InputError, match="practice codes"), caseload.store.writing(codes):
        pass


def test_a_practice_that_is_not_held_is_not_written_to(caseload):
    with pytest.raises(cm.InputError, match="not being written to"), caseload.store.writing(["A"]) as open_to:
        open_to.append([proposed("B", "1")])


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM events WHERE practice_id = 'A' AND number = 2",
        "DELETE FROM chains WHERE practice_id = 'A'",
        "UPDATE chains SET number = 1 WHERE practice_id = 'A'",
        "UPDATE chains SET number = 3 WHERE practice_id = 'A'",
        "UPDATE events SET hash = previous WHERE practice_id = 'A' AND number = 2",
    ],
)
def test_nothing_is_written_after_a_head_that_is_not_the_chains(caseload, change):
    with caseload.store.writing(["A", "B"]) as open_to:
        open_to.append([proposed(code, str(n)) for n in range(2) for code in ("A", "B")])
    with writing_on(caseload.store.engine).begin() as connection:
        connection.exec_driver_sql(change)
    with pytest.raises(cm.VerifyError, match="does not end at its head"), caseload.store.writing(["A", "B"]):
        pass
    with caseload.store.writing(["B"]) as open_to:
        open_to.append([proposed("B", "3")])


@pytest.mark.parametrize(
    "values",
    ["happened_on = '2015-13-01'", "happened_on = 'secret'", "recorded_at = 'secret'", "hash = previous || previous",
     "practice_id = 'A' || chr(10)", "kind = 'a' || chr(31)", "recorded_at = '2015-04-01 09:00'"],
)  # fmt: skip
def test_an_event_that_is_not_as_the_library_writes_it_is_refused(caseload, values):
    if caseload.store.engine.name == "sqlite":
        values = values.replace("chr(", "char(")
    with caseload.store.writing(["A"]) as open_to:
        open_to.append([proposed("A", "1")])
    with writing_on(caseload.store.engine).begin() as connection:
        connection.exec_driver_sql(f"UPDATE events SET {values} WHERE practice_id = 'A'")
    with pytest.raises(cm.VerifyError, match=r"an event is not as this library writes it\. Run verify") as refused:
        caseload.events()
    assert "secret" not in str(refused.value)
    assert not caseload.verify().whole


def test_a_text_that_looks_like_another_event_is_refused(caseload):
    with caseload.store.writing(["A"]) as open_to:
        open_to.append([proposed("A", "1")])
    line = ["A", "2", "died", "2", "2015-04-01", "2015-04-01T09:30:00.000000Z", *"\x1e\x1e\x1e", ""]
    forged = "{}\n" + "\x1f".join(line)
    with writing_on(caseload.store.engine).begin() as connection:
        connection.execute(events.update().where(events.c.practice_id == "A").values(details=forged))
    with pytest.raises(cm.VerifyError):
        caseload.store.events()
    assert [fault.number for fault in caseload.verify().found] == [1]


def sqlite_caseload(tmp_path):
    return cm.open_caseload(tmp_path / "caseload.sqlite", create=True, review_every_months=3)


@pytest.mark.parametrize("value", ["NULL", "x'ff'", "'\udcff'", "7.5"])
@pytest.mark.parametrize("column", ["kind", "happened_on", "number", "details", "hash"])
def test_values_of_wrong_kinds_in_sqlite_are_refused_and_found(tmp_path, value, column):
    import sqlite3

    with sqlite_caseload(tmp_path) as caseload:
        with caseload.store.writing(["A"]) as open_to:
            open_to.append([proposed("A", str(n)) for n in range(3)])
        before = caseload.events()
    with sqlite3.connect(tmp_path / "caseload.sqlite") as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'events'")
    connection.close()
    if value.startswith("'"):
        value = "CAST(x'61ff' AS TEXT)"
    try:
        with sqlite3.connect(tmp_path / "caseload.sqlite") as connection:
            connection.execute(f"UPDATE events SET {column} = {value} WHERE practice_id = 'A' AND number = 2")
        connection.close()
    except sqlite3.IntegrityError:
        connection.close()
        assert (column, value) == ("number", "NULL")
        return
    with cm.open_caseload(tmp_path / "caseload.sqlite") as caseload:
        found = caseload.verify().found
        assert {fault.practice_id for fault in found} == {"A"}
        assert 2 in {fault.number for fault in found}
        assert len(found) == 1
        if value == "NULL":
            with pytest.raises(cm.VerifyError):
                caseload.events()
            return
        with suppress(cm.VerifyError):
            assert not caseload.events().equals(before)


def test_a_limit_on_the_size_of_files_leaves_what_was_there(tmp_path):
    """As a full disk does."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with sqlite_caseload(tmp_path) as caseload:
        with caseload.store.writing(["A"]) as open_to:
            open_to.append([proposed("A", str(n)) for n in range(50)])
        refused = 0
        for turn, limit in enumerate(range(4_096, 400_000, 8_000)):
            before = caseload.events()
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
            try:
                with caseload.store.writing(["A"]) as open_to:
                    open_to.append([proposed("A", f"{turn}-{n}") for n in range(100)])
            except cm.PublishError as problem:
                assert "Make room, then run again" in str(problem)
                refused += 1
                after = before
            else:
                after = None
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            if after is not None:
                assert caseload.events().equals(before)
            else:
                assert caseload.events().num_rows == before.num_rows + 100
            assert caseload.verify(caseload.heads()).whole
        assert 5 < refused < 49


def test_a_caseload_that_does_not_fit_is_not_made(tmp_path):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in range(0, 24_000, 1_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            cm.open_caseload(tmp_path / "new" / "caseload.sqlite", create=True, review_every_months=3).close()
        except cm.PublishError:
            assert list(tmp_path.iterdir()) == []
        else:
            raise AssertionError(limit)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with sqlite_caseload(tmp_path) as caseload:
        assert caseload.verify().whole


def test_the_stored_event_is_the_one_whose_hash_follows(caseload):
    with caseload.store.writing(["A"], MOMENT) as open_to:
        first, second = open_to.append([proposed("A", "1"), proposed("A", "2")])
    assert first == chained(proposed("A", "1"), 1, "2015-04-01T09:30:00.123456Z", NO_HASH)
    assert second == chained(proposed("A", "2"), 2, "2015-04-01T09:30:00.123456Z", first.hash)
    assert caseload.heads().to_pylist()[1] == {"practice_id": "A", "number": 2, "hash": second.hash.hex()}
    assert isinstance(caseload.heads(), pa.Table)
    assert database.DatabaseStore.__name__ in repr(caseload.store)


def test_settings_hold_from_their_day_on(caseload):
    from casemgmt.caseload.settings import settings_on

    today = dt.datetime.now(dt.UTC).date()
    caseload.change_settings(review_every_months=6, since="2015-01-01")
    assert caseload.settings.review_every_months == 3  # those of the day it was opened hold still
    caseload.change_settings(review_every_months=12)
    assert caseload.settings.review_every_months == 12
    for day, months in (("2014-12-31", 6), ("2015-01-01", 6), (today.isoformat(), 12)):
        assert settings_on(caseload.store, dt.date.fromisoformat(day)).review_every_months == months
    for wrong in (0, 61, None, "3", 1.5):
        with pytest.raises((cm.InputError, TypeError)):
            caseload.change_settings(review_every_months=wrong)


def test_a_caseload_that_nobody_closed_leaves_nothing_open(tmp_path):
    made = sqlite_caseload(tmp_path)
    made.record([{"practice_id": "A", "kind": "died", "patient_id": "1", "happened_on": "2015-04-01"}])
    assert len(list(tmp_path.iterdir())) == 3
    del made
    gc.collect()
    assert [path.name for path in tmp_path.iterdir()] == ["caseload.sqlite"]


EAST, WEST = (dt.timezone(dt.timedelta(hours=hours)) for hours in (12, -12))


@pytest.mark.parametrize(
    "moment",
    [
        dt.datetime.min.replace(tzinfo=EAST),
        dt.datetime.max.replace(tzinfo=WEST),
        dt.datetime(300, 1, 1, tzinfo=dt.UTC),
        dt.datetime(1899, 12, 31, tzinfo=dt.UTC),
    ],
)
def test_a_moment_of_another_age_is_refused_and_asked_for_as_the_nearest(caseload, moment):
    before = caseload.events().num_rows
    with pytest.raises(cm.InputError, match="recorded_at= must lie between 1900 and 2200"):
        caseload.record([], recorded_at=moment)
    known = before if moment.year > 2000 else 0
    assert caseload.events(known_at=moment).num_rows == known
    assert len(caseload.store.heads(moment)) == (1 if known else 0)
