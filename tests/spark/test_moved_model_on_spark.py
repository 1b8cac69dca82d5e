"""A model calibrated elsewhere: on Spark too its lists have no risk, judged by the whole register, not a practice."""

from __future__ import annotations

import pyarrow as pa
import pytest
from model_folders import HEAD, write_model
from register_tools import AS_OF
from spark_session import frame_of, needs_spark

import casemgmt as cm
from casemgmt.errors import InputError
from casemgmt.spark import selecting as on_spark

pytestmark = needs_spark()

TEXT = HEAD.replace('link = "survival"', 'link = "logistic"\ncalibrated_in = ["C87001"]')
for _line in ('baseline_survival = "0.9712345"', 'centre = "0.35"', 'floor = "-1.2"'):
    TEXT = TEXT.replace(_line, "")
TEXT += '\n[[input]]\nname = "asthma"\nkind = "flag"\nvalue = "1"\nmissing = "absent"\n'
BAND = """
[scheme]
id = "band"
title = "A band"
source = "test"
decisions = []
tie_key = "band"
required = []
optional = []

[[route]]
name = "high"
kind = "band"
on = "risk"
at_least = "0.5"
counts_as = "case_management"
"""


def people(at_home: int, away: int) -> pa.Table:
    codes = ["C87001"] * at_home + ["C87002"] * away
    count = len(codes)
    table = {"patient_id": [f"p{n:04d}" for n in range(count)], "practice_id": codes, "age": [50] * count}
    table |= {"asthma": [n % 9 == 0 for n in range(count)], "care_home_type": ["none"] * count}
    return pa.table(table | {"nominated": [False] * count})


def test_risks_hold_or_not_for_the_whole_register(spark, tmp_path):
    model = cm.load_model(write_model(tmp_path / "model", TEXT))
    (tmp_path / "band.toml").write_text(BAND)
    scheme, band = cm.load_scheme("rotherham-2015-16"), cm.load_scheme(tmp_path / "band.toml")
    home, away = (frame_of(spark, people(*sizes)) for sizes in ((150, 100), (100, 150)))
    found = on_spark.to_arrow(on_spark.select(home, scheme, model=model, as_of=AS_OF).selection)
    assert found.num_rows > 5 and found["risk"].null_count == 0
    with pytest.warns(cm.InputWarning, match="column 'risk' is empty"):
        found = on_spark.to_arrow(on_spark.select(away, scheme, model=model, as_of=AS_OF).selection)
    with pytest.warns(cm.InputWarning):
        local = cm.select(cm.read_register(people(100, 150), as_of=AS_OF), scheme, model=model).to_arrow()
    assert found.num_rows == local.num_rows and found["risk"].null_count == found.num_rows
    with pytest.raises(InputError, match="The scheme has a band on risk"):
        on_spark.select(away, band, model=model, as_of=AS_OF)
