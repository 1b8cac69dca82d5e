"""Schemes of rules after 2015/16: what each says in words, and whom each selects, by a plain rule and by every door."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import casemgmt as cm
from casemgmt.risk.inputs import MILLION

AS_OF = "2021-01-01"
HOMES = ("nursing", "residential", "unspecified")
AT_HOME = ("none", "respite", "supported_living")
COUNT = cm.load_model("count-of-conditions")


def frail(row: dict[str, Any], least: int) -> bool:
    return row["frailty_deficits"] is not None and row["frailty_deficits"] >= least


def proactive_care(row: dict[str, Any]) -> bool:
    return row["age"] >= 65 and frail(row, 9) and row["care_home_type"] in AT_HOME


def network_contract(row: dict[str, Any]) -> bool:
    return row["age"] >= 65 and (frail(row, 9) or row["efi2_category"] in ("moderate", "severe"))


def care_homes(row: dict[str, Any]) -> bool:
    return row["care_home_type"] in HOMES


def herefordshire(row: dict[str, Any]) -> bool:
    has = sum(bool(row[each.name]) for each in COUNT.inputs)
    return not row["objected"] and has >= 4 and (row["admissions_12m"] or 0) >= 1


def kent_and_medway(row: dict[str, Any]) -> bool:
    return care_homes(row) or bool(row["palliative_care"]) or bool(row["housebound"] and frail(row, 13))


RULES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "proactive-care-2023": proactive_care,
    "network-contract-2026-27": network_contract,
    "care-homes-2024-25": care_homes,
    "herefordshire-2025": herefordshire,
    "kent-and-medway-2026": kent_and_medway,
}


@pytest.fixture(scope="module")
def people() -> pa.Table:
    """A synthetic practice with the columns that these rules ask for beside the usual ones, some values missing."""
    table = cm.synthesise("C87002", AS_OF, outcomes=False).to_arrow()
    choose = random.Random(16)
    drawn = {
        "admissions_12m": [choose.choice((None, 0, 0, 1, 3)) for _ in range(table.num_rows)],
        "housebound": [choose.choice((None, False, False, True)) for _ in range(table.num_rows)],
        "efi2_category": [choose.choice((None, "fit", "mild", "moderate")) for _ in range(table.num_rows)],
        "palliative_care": [choose.choice((None, False, False, True)) for _ in range(table.num_rows)],
        "care_home_type": [choose.choice((None, *AT_HOME, *HOMES)) for _ in range(table.num_rows)],
        "frailty_deficits": [choose.choice((None, *range(20))) for _ in range(table.num_rows)],
    }
    for name, values in drawn.items():
        table = table.drop_columns([name]) if name in table.column_names else table
        table = table.append_column(name, pa.array(values))
    return table.replace_schema_metadata(None)


@pytest.mark.parametrize("name", RULES)
def test_a_later_scheme_selects_whom_a_plain_rule_names_by_every_door(
    name: str, people: pa.Table, tmp_path: Path
) -> None:
    expected = {row["patient_id"] for row in people.to_pylist() if RULES[name](row)}
    assert 0 < len(expected) < people.num_rows
    register = cm.read_register(people, as_of=AS_OF)
    pq.write_table(people, tmp_path / "people.parquet")
    register.save_packed(tmp_path / "packed")
    scanned = [cm.scan_register(tmp_path / each, as_of=AS_OF) for each in ("people.parquet", "packed")]
    for opened in (register, *scanned):
        found = cm.select(opened, cm.load_scheme(name), model=COUNT).to_arrow()
        assert set(found["patient_id"].to_pylist()) == expected
        assert all(found["case_managed"].to_pylist())


@pytest.mark.parametrize("name", RULES)
def test_a_later_scheme_says_how_sure_it_is_and_invents_no_share(name: str) -> None:
    scheme = cm.load_scheme(name)
    assert scheme.notes["certainty"][:2] in ("A:", "B:")
    assert not [route for route in scheme.routes if hasattr(route, "share")]
    assert "at least" in repr(scheme) or "care home type" in repr(scheme)
    assert "list date" in scheme.decisions or name == "care-homes-2024-25"  # residence has no date of its own


def test_what_the_later_schemes_say_in_words() -> None:
    said = {name: [route.describe() for route in cm.load_scheme(name).routes] for name in RULES}
    assert said["herefordshire-2025"] == ["score at least 4, among those with admissions 12m at least 1"]
    assert said["care-homes-2024-25"] == ["everyone with care home type nursing, residential or unspecified"]
    assert said["network-contract-2026-27"][2] == "everyone with age at least 65 and efi2 category moderate or severe"
    assert said["kent-and-medway-2026"][2] == "everyone with housebound and frailty deficits at least 13"
    assert said["proactive-care-2023"][1].startswith("everyone with age at least 65 and frailty deficits 9 to 12 and")


def test_the_codes_of_care_homes_are_read_as_the_scheme_says() -> None:
    codes = {"160734000": "nursing", "394923006": "residential", "248171000000108": "unspecified"}
    table = pa.table({"patient_id": list("abc"), "practice_id": ["C87001"] * 3, "age": [80] * 3, "home": list(codes)})
    register = cm.read_register(
        table, as_of=AS_OF, columns={"home": "care_home_type"}, values={"care_home_type": codes}
    )
    assert register.to_arrow()["care_home_type"].to_pylist() == list(codes.values())
    assert all(code in cm.load_scheme("care-homes-2024-25").notes["codes"] for code in codes)


def test_the_count_counts_the_conditions_of_the_published_list_once_each() -> None:
    published = cm.load_model("cambridge-multimorbidity-20")
    assert [each.name for each in COUNT.inputs] == [each.name for each in published.inputs]
    everything = dict.fromkeys(COUNT.columns, True)
    assert COUNT.score_of(everything) == 20 * MILLION
    for name in COUNT.columns:
        assert COUNT.score_of({**everything, name: False}) == COUNT.score_of({**everything, name: None}) == 19 * MILLION
