"""Records few of whose patients are on the list are not joined to it in silence; the likely cause is named."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

import casemgmt as cm

D = dt.date
AS_OF = D(2024, 2, 1)
IDS = [f"00{number:04}ab" for number in range(1, 101)]


def people(ids):
    return pa.table({"patient_id": ids, "practice_id": ["Y99999"] * len(ids), "age": [70] * len(ids)})


def coded(ids):
    return pa.table({"patient_id": ids, "code": ["E11.2"] * len(ids), "date": [D(2023, 5, 1)] * len(ids)})


def stays(ids):
    days = {"admission_date": [D(2024, 1, 1)] * len(ids), "admission_method": ["21"] * len(ids)}
    return pa.table({"patient_id": ids} | days)


def build(list_ids, events=None, episodes=None, **options):
    derived = None if events is None else coded(events)
    admissions = None if episodes is None else stays(episodes)
    return cm.build_register(
        people(list_ids), derived, admissions, as_of=AS_OF, codelists="charlson-quan-2005", **options
    )


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (str.upper, "upper and lower case"),
        (lambda text: text.lstrip("0"), "leading zeros"),
        (lambda text: f"{text[:3]} {text[3:]}", "spaces or hyphens"),
        (lambda text: f"{text[:3]}-{text[3:]}", "spaces or hyphens"),
        (lambda text: f"x{text[::-1]}", "other people|of another kind|differ by more"),
    ],
)
@pytest.mark.parametrize("door", ["events", "episodes"])
def test_records_none_of_whose_patients_are_on_the_list_are_refused_with_the_likely_cause(change, cause, door):
    with pytest.raises(cm.InputError, match=cause) as caught:
        build(IDS, **{door: [change(each) for each in IDS]})
    assert not any(each in str(caught.value) for each in IDS)
    assert f"of the {door} is on the list" in str(caught.value)


def test_fewer_than_a_fifth_on_the_list_are_refused_unless_allowed():
    others = [f"z{number:07}" for number in range(81)]
    with pytest.raises(cm.InputError, match="Only 19 of 100 patients of the events"):
        build(IDS, [*IDS[:19], *others])
    register = build(IDS, [*IDS[:19], *others], allow_unmatched=True)
    assert "events of 100 patients, 81 of them not on the list" in repr(register)
    assert register.unknown.num_rows == 81
    assert build(IDS, [*IDS[:20], *others[:80]]).unknown.num_rows == 80


def test_a_part_of_the_patients_under_another_spelling_is_refused_too():
    with pytest.raises(cm.InputError, match="10 of 100 patients of the events are not on the list, and would be"):
        build(IDS, [*(each.upper() for each in IDS[:10]), *IDS[10:]])


def test_whole_numbers_meet_a_list_without_leading_zeros_and_no_other():
    plain = [str(number) for number in range(1, 51)]
    numbers = list(range(1, 51))
    assert all(build(plain, numbers).column("charlson_diabetes_with_complications").to_pylist())
    for door in ("events", "episodes"):
        with pytest.raises(cm.InputError, match="1 id of the list begin with a zero"):
            build([*plain, "007"], **{door: numbers})


def test_records_of_another_day_are_refused():
    derived = cm.derive_conditions(coded(IDS), "charlson-quan-2005", as_of=D(2024, 3, 1))
    with pytest.raises(cm.InputError, match="events were counted up to 2024-03-01"):
        cm.build_register(people(IDS), derived, as_of=AS_OF)
