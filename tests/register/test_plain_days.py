"""Columns of plain ISO days are read at once, and as the road that looks at each text reads them."""

from __future__ import annotations

import datetime as dt
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest

from casemgmt.register import cleaning
from casemgmt.register.date_columns import plain_days_of_texts
from casemgmt.register.fields import FIELDS

LAST = (dt.date(2015, 4, 1) - dt.date(1970, 1, 1)).days
DATES = [name for name, field in FIELDS.items() if field.kind == "date"]
DAYS = ["1950-02-28", "1952-02-29", "2015-04-01", "1900-01-02", "2000-12-31", None, None]
OTHER = [
    *("1951-02-29", "2015-04-02", "1900-01-01", "1899-12-31", "0000-01-01", "2015-13-01", "2015-00-10", "2015-01-00"),
    *("2015-01-32", "2015/01/01", " 2015-01-0", "9999-12-31", "2015-01-01T00:00:00", "", "NULL", "２０１5-01-01", "-"),
    *("201a-01-01", "1-01-2015-", "2015-1-001"),
]


def read(field, texts, kind):
    made = pa.chunked_array([pa.array(texts[:2], kind), pa.array(texts[2:], kind)])
    found = cleaning.clean_column(FIELDS[field], made, mapping=None, date_format=None, last_day=LAST)
    present = np.ones(len(texts), bool) if found.present is None else found.present
    problems = [(rows.tolist(), reason) for rows, reason in found.problems]
    return np.where(present, found.values, 0).tolist(), present.tolist(), problems, found.words, found.lengths


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
@pytest.mark.parametrize("field", DATES)
def test_both_roads_read_the_same(field, kind):
    random = np.random.default_rng(3)
    for turn in range(60):
        texts = [DAYS[i] for i in random.integers(0, len(DAYS), 8)]
        if turn % 2:
            texts[random.integers(0, 8)] = OTHER[turn // 2 % len(OTHER)]
        at_once = read(field, texts, kind)
        with patch.object(cleaning, "plain_days_of_texts", lambda column, last_day: None):
            assert read(field, texts, kind) == at_once, texts


def test_plain_days_are_read_at_once():
    column = pa.chunked_array([pa.array(["x", "1952-02-29", None, "2015-04-01"]).slice(1)])
    assert plain_days_of_texts(column, LAST).tolist() == [-6516, 0, LAST]
    assert all(plain_days_of_texts(pa.chunked_array([pa.array([text])]), LAST) is None for text in OTHER)
    assert plain_days_of_texts(pa.chunked_array([pa.nulls(3, pa.string())]), LAST) is None
