"""A practice that vanished, a list of another size, an earlier list of strangers: refused unless it is allowed."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli.app import app
from casemgmt.errors import InputError

AS_OF = "2015-04-01"
SCHEME = "rotherham-2015-16"
FIRST, SECOND, THIRD = "C87001", "C87002", "C87003"


def people(counts, ids="{practice}-{number:05d}"):
    named = [(p, ids.format(practice=p, number=i)) for p, count in counts.items() for i in range(count)]
    return pa.table(
        {
            "patient_id": [each for _, each in named],
            "practice_id": [p for p, _ in named],
            "age": [80] * len(named),
            "care_home_type": ["none"] * len(named),
            "nominated": [False] * len(named),
            "my_score": [float(i) for i in range(len(named))],
        }
    )


def selected(table, **options):
    register = table if not isinstance(table, pa.Table) else cm.read_register(table, as_of=AS_OF)
    return cm.select(register, cm.load_scheme(SCHEME), score="my_score", **options)


@pytest.fixture(params=["read", "scanned", "packed"])
def opened(request, tmp_path):
    def made(table):
        if request.param == "read":
            return cm.read_register(table, as_of=AS_OF)
        path = tmp_path / "register.parquet"
        pq.write_table(table, path)
        register = cm.scan_register(path, as_of=AS_OF)
        if request.param == "scanned":
            return register
        return cm.scan_register(register.save_packed(tmp_path / "packed.parquet"), as_of=AS_OF)

    return made


@pytest.fixture(params=["kept", "published"])
def earlier(request, tmp_path):
    """A selection as it was made, or read back from its folder."""

    def made(table, **options):
        selection = selected(table, **options)
        return selection if request.param == "kept" else cm.load_selection(selection.save(tmp_path / "earlier"))

    return made


def test_a_practice_of_the_list_sizes_without_a_row_is_refused_unless_it_is_allowed(opened):
    register, sizes = opened(people({FIRST: 50, SECOND: 50})), {FIRST: 50, SECOND: 50, THIRD: 50}
    with pytest.raises(InputError, match="1 practice of list_sizes has no accepted row in this register: 'C87003'"):
        selected(register, list_sizes=sizes)
    with pytest.raises(InputError, match="C87003"):
        selected(register, list_sizes=sizes, allow_missing_practices=["C87009"])
    for allowed in (True, THIRD, [THIRD], (each for each in (THIRD,))):
        selection = selected(register, list_sizes=sizes, allow_missing_practices=allowed)
        assert selection.facts["missing_practices"] == [THIRD]
    assert selected(register, list_sizes={**sizes, THIRD: 0}).facts["missing_practices"] == []


def test_a_practice_whose_rows_are_all_quarantined_has_vanished_too():
    table = people({FIRST: 50, SECOND: 2})
    table = table.set_column(0, "patient_id", pa.array([*table["patient_id"].to_pylist()[:50], None, None]))
    with pytest.raises(InputError, match="'C87002'"):
        selected(table, list_sizes={FIRST: 50, SECOND: 2})


def test_a_practice_of_the_previous_selection_without_a_row_is_refused_unless_it_is_allowed(earlier):
    before = earlier(people({FIRST: 50, SECOND: 40, THIRD: 30}))
    now = people({FIRST: 50})
    with pytest.raises(
        InputError, match=r"2 practices of the previous selection have no accepted row.*'C87002', 'C87003'"
    ):
        selected(now, previous=before)
    with pytest.raises(InputError, match=r"1 practice of the previous selection has no accepted row.*'C87003'"):
        selected(now, previous=before, allow_missing_practices=[SECOND])
    assert selected(now, previous=before, allow_missing_practices=[SECOND, THIRD]).removals().num_rows
    assert selected(people({FIRST: 50, SECOND: 40, THIRD: 30, "C87004": 5}), previous=before)


@pytest.mark.parametrize("wrong", [5, None, 1.0])
def test_what_names_no_practices_is_refused(wrong):
    with pytest.raises(InputError, match="allow_missing_practices"):
        selected(people({FIRST: 3}), allow_missing_practices=wrong)


@pytest.mark.parametrize(("rows", "figure", "refused"), [(90, 100, 0), (89, 100, 1), (110, 100, 0), (111, 100, 1)])
def test_a_list_size_a_tenth_from_its_rows_is_taken_and_one_further_is_not(opened, rows, figure, refused):
    register = opened(people({FIRST: rows, SECOND: 50}))
    sizes = {FIRST: figure, SECOND: 50}
    if refused:
        with pytest.raises(
            InputError, match=rf"1 official list size more than 10% .*\n  practice 'C87001': {rows} rows on"
        ):
            selected(register, list_sizes=sizes)
    else:
        selected(register, list_sizes=sizes)
    selected(register, list_sizes=sizes, list_size_within="11%")
    selected(register, list_sizes=sizes, list_size_within=None)


@pytest.mark.parametrize(("rows", "figure"), [(3, 100), (100, 3), (30, 0)])
def test_a_list_size_of_quite_another_practice_is_refused_and_may_be_allowed(rows, figure):
    table = people({FIRST: rows})
    with pytest.raises(InputError, match="list size"):
        selected(table, list_sizes={FIRST: figure})
    selected(table, list_sizes={FIRST: figure}, list_size_within=None)


def test_rows_that_are_not_on_the_list_do_not_count_as_rows_of_it():
    left = pa.array([*(f"2015-01-{day:02}" for day in range(1, 31)), *[None] * 70], pa.string())
    table = people({FIRST: 100}).append_column("deregistered_on", left)
    assert selected(table, list_sizes={FIRST: 70})
    with pytest.raises(InputError, match="70 rows on the list, list size 100"):
        selected(table, list_sizes={FIRST: 100})


def test_list_sizes_that_are_no_numbers_are_refused_as_before():
    for wrong in ("100", True, float("nan"), None, -1, 99.5):
        with pytest.raises(InputError, match="that is not a whole number of people"):
            selected(people({FIRST: 100}), list_sizes={FIRST: wrong})


@pytest.mark.parametrize(
    ("before", "now", "cause"),
    [
        ("ab{number:03d}", "AB{number:03d}", "upper and lower case"),
        ("00{number:03d}1", "{number:d}1", "leading zeros"),
        ("{number:03d} 111 2222", "{number:03d}1112222", "spaces or hyphens inside"),
        ("{number:064d}", "{number:03d}000111222", "pseudonyms and the other plain"),
        ("{number:03d}999111", "{number:03d}444222", "other people"),
    ],
)
def test_an_earlier_list_of_strangers_is_refused_with_the_likely_cause(earlier, before, now, cause):
    old = earlier(people({FIRST: 400}, before))
    with pytest.raises(InputError, match="0 of the 400 people on the earlier lists") as refused:
        selected(people({FIRST: 400}, now), previous=old)
    assert cause in str(refused.value)


def test_a_fifth_of_the_people_of_an_earlier_list_is_enough_and_fewer_are_not(earlier):
    old = earlier(people({FIRST: 100}))
    ids = [f"{FIRST}-{i:05d}" for i in range(20)] + [f"new-{i:05d}" for i in range(80)]
    now = people({FIRST: 100}).set_column(0, "patient_id", pa.array(ids))
    assert selected(now, previous=old)
    other = people({FIRST: 100}).set_column(0, "patient_id", pa.array([*ids[:19], "other", *ids[20:]]))
    with pytest.raises(InputError, match="19 of the 100 people"):
        selected(other, previous=old)


def test_the_earlier_list_of_a_handful_may_all_have_gone(earlier):
    old = earlier(people({FIRST: 4}))
    assert selected(people({FIRST: 50}, "new-{number:05d}"), previous=old).removals().num_rows == 0


# On the command line


def run(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_the_command_line_refuses_and_can_be_told(tmp_path):
    register, sizes = tmp_path / "register.parquet", tmp_path / "sizes.csv"
    pq.write_table(people({FIRST: 50, SECOND: 80}), register)
    sizes.write_text(f"practice_id,list_size\n{FIRST},50\n{SECOND},100\n{THIRD},60\n")
    asked = ["select", register, "--as-of", AS_OF, "--scheme", SCHEME, "--score", "my_score", "--list-sizes", sizes]
    asked += ["--out", tmp_path / "out"]
    missing = ["--allow-missing-practice", THIRD]
    done = run(*asked)
    assert (done.exit_code, "'C87003'" in done.output) == (1, True)
    done = run(*asked, *missing)
    assert (done.exit_code, "80 rows on the list, list size 100" in done.output) == (1, True)
    done = run(*asked, *missing, "--list-size-within", "20%")
    assert done.exit_code == 0, done.output
    assert "Without a row, as was allowed: C87003" in done.output
    assert run(*asked, *missing, "--list-size-within", "any", "--overwrite").exit_code == 0


def test_an_earlier_list_of_a_later_day_is_refused_and_one_of_the_same_day_is_not(earlier):
    table = people({FIRST: 50, SECOND: 50})
    late = cm.read_register(table, as_of="2015-05-01")
    with pytest.raises(InputError, match="its list is of 2015-05-01, after the list date of this register, 2015-04-01"):
        selected(table, previous=earlier(late))
    assert selected(table, previous=selected(table))
    assert selected(late, previous=selected(table))


def test_list_sizes_that_are_no_mapping_are_refused_in_words(opened):
    table = people({FIRST: 50, SECOND: 50})
    sizes = table.to_pandas()["practice_id"].value_counts()
    for wrong in (sizes, [50, 50], sizes.reset_index()):
        with pytest.raises(InputError, match="list_sizes is a mapping"):
            selected(opened(table), list_sizes=wrong)
    assert selected(opened(table), list_sizes=sizes.to_dict())
