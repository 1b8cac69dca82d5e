"""A hundred thousand corrections, or withdrawals of withdrawals, take seconds."""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import pyarrow as pa

from casemgmt.caseload.events.table import schema
from casemgmt.caseload.state.folding import state_at

MANY = 100_000
DAY = dt.date(2015, 1, 10)
MOST_SECONDS = 20  # of the processor; it takes two


def table_of(kinds, patients, corrects, details):
    rows = len(kinds)
    fields = {
        "practice_id": ["C87001"] * rows,
        "number": np.arange(1, rows + 1, dtype=np.int32),
        "kind": kinds,
        "patient_id": patients,
        "happened_on": [DAY] * rows,
        "corrects": pa.array(corrects, pa.int32()),
        "details": details,
    }
    return pa.table(fields, schema=pa.schema([schema().field(name) for name in fields]))


def asked(table):
    before = time.process_time()
    state = state_at(table, dt.date(2015, 6, 30), review_every_months=3)
    assert time.process_time() - before < MOST_SECONDS
    return state.to_arrow(everyone=True)


def test_a_hundred_thousand_corrections():
    half = MANY // 2
    patients = [f"p{number:05d}" for number in range(half)]
    wrong = list(range(1, half + 1))
    days = [f'{{"values":{{"happened_on":"2015-02-{1 + number % 28:02d}"}}}}' for number in range(half)]
    routes = [f'{{"values":{{"route":"route {number}"}}}}' for number in range(half)]
    rows = asked(
        table_of(
            ["accepted"] * half + ["corrected"] * MANY,
            patients * 3,
            [None] * half + wrong * 2,
            [""] * half + days + routes,
        )
    )
    assert rows["patient_id"].to_pylist() == patients
    assert rows["since"].to_pylist() == [dt.date(2015, 2, 1 + number % 28) for number in range(half)]
    assert rows["route"].to_pylist() == [f"route {number}" for number in range(half)]


def test_a_chain_of_a_hundred_thousand_withdrawals():
    for length, managed in ((MANY, True), (MANY + 1, False)):
        rows = asked(
            table_of(
                ["accepted"] + ["withdrawn"] * length,
                ["p"] * (length + 1),
                [None, *range(1, length + 1)],
                [""] * (length + 1),
            )
        )
        assert rows["status"].to_pylist() == ["managed"] * managed
