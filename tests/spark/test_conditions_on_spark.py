"""Conditions derived in Spark are those of the local engine, whatever rows there are and wherever they lie."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from a_code_list import LIST
from hypothesis import given, settings
from hypothesis import strategies as st
from spark_session import frame_of, needs_spark

import casemgmt as cm
from casemgmt import spark as on_spark
from casemgmt.codes import account
from casemgmt.codes.codelist import CodeList, Entry
from casemgmt.codes.deriving import wanted_of
from casemgmt.codes.events import Events
from casemgmt.codes.plan import plan_of
from casemgmt.codes.rules import Rule, Seen
from casemgmt.errors import InputError
from casemgmt.spark.conditions import Gatherer
from casemgmt.spark.facts import Fact, account_of, report_of

AS_OF = dt.date(2024, 2, 29)
DRUGS = CodeList(name="rxnorm", system="rxnorm", entries=(Entry("1", "tablets"), Entry("2", "inhaler")))
RULES = (
    Rule(
        name="treated_heart", all=(Seen(condition="heart"), Seen(condition="tablets", within="12 months", at_least=2))
    ),
    Rule(name="recent_first", any=(Seen(condition="circulation", first_within="2 years"),)),
)
PATIENTS = ("a", "b", "aa", "A", "zzzzzzzzzzzz", "é", "", " x", None)
CODES = ("I21", "I219", "i21.9", "I25.2", "I252", "I10", "E119", "E14", "Z000", "Q", "i 10", "", "-", None)
DAYS = (None, *(AS_OF - dt.timedelta(days=days) for days in (-400, -1, 0, 1, 29, 364, 365, 366, 900, 9000)))
SOME = tuple(f"p{n}" for n in range(200))
TEXT = pa.string()


def rows_at_random(seed: int, count: int, codes: tuple[str | None, ...] = CODES, patients: Any = PATIENTS) -> pa.Table:
    choose = random.Random(seed)
    picked = [[choose.choice(each) for _ in range(count)] for each in (patients, codes, DAYS)]
    kind = TEXT if isinstance(patients[0], str) else pa.int64()
    names = ("patient_id", "code", "date")
    return pa.table(dict(zip(names, map(pa.array, picked, (kind, TEXT, pa.date32())), strict=True)))


def counted(report: pa.Table) -> Counter[Any]:
    return Counter((row["system"], row["field"], row["reason"]) for row in report.to_pylist())


def assert_the_same(derived: Any, made: pa.Table, accounts: list[Any], report: pa.Table) -> None:
    expected = derived.to_arrow()
    expected = expected.cast(pa.schema([(each.name, made.schema.field(each.name).type) for each in expected.schema]))
    assert made.sort_by("patient_id").equals(expected)
    assert account.account_table(accounts).equals(derived.account)
    assert account.unmapped_table(accounts).equals(derived.unmapped)
    assert {tuple(row.values())[:3]: row["rows"] for row in report.to_pylist()} == counted(derived.report)


@settings(deadline=None, max_examples=40, derandomize=True, database=None)
@given(
    st.integers(0, 10**6), st.integers(0, 60), st.integers(1, 4), st.sampled_from([None, "12 months"]), st.booleans()
)
def test_whatever_rows_lie_in_whatever_tasks_the_answer_is_the_local_one(seed, count, tasks, lookback, undated):
    table = rows_at_random(seed, count)
    options = {"undated_as_ever": undated, "counts": "all", "latest": "all", "lookback": lookback}
    derived = cm.derive_conditions(table, LIST, as_of=AS_OF, max_set_aside="100%", **options)
    wanted = wanted_of((LIST,), (), lookback, ("all", "all", (), ()))
    plan = plan_of(*wanted, AS_OF, undated_as_ever=undated)
    names = ("patient_id", "code", "date")
    gatherer = Gatherer((LIST.system,), (LIST,), wanted, plan, ((names, None),), TEXT)
    rows = table.rename_columns(["person", "s0_1", "s0_2"])
    of_task = [hash(each) % tasks for each in table["patient_id"].to_pylist()]
    found = []
    for task in range(tasks):
        own = rows.filter(pa.array([each == task for each in of_task], pa.bool_()))
        found.append(gatherer.gather(own.to_batches(max_chunksize=7)))
    facts = [Fact(**row) for each in found for row in each["facts"].to_pylist()]
    accounts = [account_of(LIST.system, facts, plan, gatherer.codebook(LIST.system))]
    made = pa.concat_tables([each["conditions"] for each in found])
    assert_the_same(derived, made, accounts, report_of(added(facts)))


def added(facts: list[Fact]) -> list[Fact]:
    sums = Counter()
    for fact in facts:
        sums[fact[:3]] += fact.rows
    return [Fact(*key, rows) for key, rows in sums.items()]


class TestOnASession:
    pytestmark = needs_spark()

    def test_two_sources_with_rules_are_the_local_ones(self, spark):
        events = {
            "icd10": rows_at_random(1, 900, CODES, SOME),
            "rxnorm": rows_at_random(2, 900, ("1", "2", "x", None), SOME).rename_columns(["PATIENT", "code", "START"]),
        }
        renamed = {"PATIENT": "patient_id", "START": "date"}
        options = {"as_of": AS_OF, "rules": RULES, "keep": ["heart"], "counts": ["tablets"], "latest": ["inhaler"]}
        options |= {"absent": ["gout"], "max_set_aside": "100%"}
        local = {"icd10": events["icd10"], "rxnorm": Events(events["rxnorm"], renamed)}
        derived = cm.derive_conditions(local, [LIST, DRUGS], **options)
        assert all(derived.flag(rule.name).any() for rule in RULES)
        there = {
            "icd10": frame_of(spark, events["icd10"]),
            "rxnorm": Events(frame_of(spark, events["rxnorm"]), renamed),
        }
        found = on_spark.derive_conditions(there, [LIST, DRUGS], **options)
        assert_the_same(derived, on_spark.to_arrow(found.table), list(found.sources), found.report)
        assert found.account.equals(derived.account) and found.set_aside == derived.set_aside

    @pytest.mark.long
    def test_a_register_of_records_is_selected_from_as_the_local_one(self, spark, list_of_patients):
        events = rows_at_random(3, 2_000, CODES, tuple(f"{n:04d}" for n in range(240)))
        options = {"as_of": AS_OF, "lookback": "12 months", "max_set_aside": "100%"}
        register = cm.build_register(list_of_patients, events, codelists=LIST, **options)
        scheme = cm.load_scheme("prism-top-half-percent")
        expected = cm.select(register, scheme, score="points").to_arrow()
        derived = on_spark.derive_conditions(frame_of(spark, events), LIST, **options)
        frame = on_spark.with_conditions(frame_of(spark, list_of_patients), derived)
        made = on_spark.to_arrow(frame.orderBy("patient_id"))
        assert made.select(list(LIST.conditions)).to_pylist() == [
            {name: row[name] for name in LIST.conditions}
            for row in register.to_arrow().sort_by("patient_id").to_pylist()
        ]
        lists = on_spark.select(frame, scheme, score="points", as_of=AS_OF)
        found = on_spark.to_arrow(lists.selection.orderBy("practice_id", "patient_id"))
        assert found.equals(expected) and found.num_rows

    @pytest.mark.long
    def test_what_the_local_engine_refuses_is_refused(self, spark, list_of_patients):
        events = rows_at_random(4, 300, ("44054006", "73211009"), ("0001", "0002"))
        for wrong, options in ((events, {}), (events.drop_columns("date"), {}), (events, {"keep": ["hart"]})):
            with pytest.raises(InputError) as expected:
                cm.derive_conditions(wrong, LIST, as_of=AS_OF, **options)
            with pytest.raises(InputError) as refused:
                on_spark.derive_conditions(frame_of(spark, wrong), LIST, as_of=AS_OF, **options)
            assert str(refused.value) == str(expected.value)
        numbers = rows_at_random(5, 300, ("I21", "I10"), tuple(range(1, 200)))
        of_others = rows_at_random(6, 300, ("I21", "I10"), tuple(f"q{n}" for n in range(200)))
        unlike = rows_at_random(7, 300, ("I21", "I10")).set_column(
            0, "patient_id", pa.array([f"{i % 200:04d}"[i % 2 :] for i in range(300)])
        )
        for wrong, word in ((numbers, "begin with a zero"), (of_others, "Not one of"), (unlike, "but for upper and")):
            derived = on_spark.derive_conditions(frame_of(spark, wrong), LIST, as_of=AS_OF)
            with pytest.raises(InputError, match=word):
                cm.build_register(list_of_patients, wrong, codelists=LIST, as_of=AS_OF)
            with pytest.raises(InputError, match=word):
                on_spark.with_conditions(frame_of(spark, list_of_patients), derived)
        taken = list_of_patients.append_column("heart", pa.array([True] * list_of_patients.num_rows))
        with pytest.raises(InputError, match="made from events: 'heart'"):
            on_spark.with_conditions(frame_of(spark, taken), derived)
        with pytest.raises(InputError, match="give a Spark DataFrame, not Table"):
            on_spark.derive_conditions(events, LIST, as_of=AS_OF)

    @pytest.fixture
    def list_of_patients(self) -> pa.Table:
        return pa.table(
            {
                "patient_id": [f"{n:04d}" for n in range(220)],
                "practice_id": ["C87001"] * 220,
                "age": [50 + n % 40 for n in range(220)],
                "points": [float(n * 37 % 219) for n in range(220)],
            }
        )
