"""A count of 1 to 7 cannot be worked out from what leaves a practice, by one who knows every rule."""

from __future__ import annotations

import itertools
import random
import re
from collections import defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from publications import SCHEME, register_of, selection_of
from scipy.optimize import linprog

import casemgmt as cm
from casemgmt.outputs.csv_text import read_csv
from casemgmt.outputs.disclosure import commissioner_table, programme_lines, suppress, suppressed_groups
from casemgmt.scheme.files import read_scheme_text
from casemgmt.selection.summary import summary_schema

TINY = range(1, 8)
Row = dict[str, Any]


def scheme_of(kinds: list[str], share: str = "10%") -> Any:
    """Routes named r0, r1, … of the given kinds: everyone, top_share, nominated (case management), review."""
    bodies = {
        "everyone": 'kind = "everyone"\nwhere = { sex = ["F"] }\ncounts_as = "case_management"',
        "top_share": f'kind = "top_share"\nshare = "{share}"\nlimit = "at_most"\nof = {{}}\namong = {{}}\n'
        'counts_as = "case_management"',
        "nominated": f'kind = "nominated"\nshare = "{share}"\nlimit = "at_most"\nof = {{}}\n'
        'counts_as = "case_management"',
        "review": 'kind = "review"\nwhere = { age = { at_least = 75 } }\nevery_months = 12\ncounts_as = "entitlement"',
    }
    head = SCHEME[: SCHEME.index("[[route]]")].replace('"care_home_type"', '"sex"')
    return read_scheme_text(
        head + "".join(f'[[route]]\nname = "r{i}"\n{bodies[k]}\n' for i, k in enumerate(kinds)), "t"
    )


def summary_of(rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in summary_schema().names} for row in rows], summary_schema()
    )


def practice(name: str, scheme: Any, list_size: int, met: tuple[int, ...], used: tuple[int | None, ...]) -> list[Row]:
    """The summary rows of one practice."""
    return [
        {
            "practice_id": name,
            "route": route.name,
            "list_size": list_size,
            "places": route.share.places(list_size) if hasattr(route, "share") else None,
            "met": m,
            "used": u,
        }
        for route, m, u in zip(scheme.routes, met, used, strict=True)
    ]


def published(rows: list[Row], scheme: Any) -> list[Row]:
    return commissioner_table(summary_of(rows), scheme).to_pylist()


# The rule


def test_a_table_for_the_commissioner_is_what_the_rule_says():
    scheme = scheme_of(["top_share", "everyone", "review"])
    rows = practice("A", scheme, 203, (20, 6, 31), (20, 4, None)) + practice("B", scheme, 98, (9, 0, 3), (9, 0, None))
    shown = [tuple(row.values()) for row in published(rows, scheme)]
    cut = "at least, suppressed counts left out"
    assert shown == [
        ("A", "r0", 205, 20, 20, 9.8, None),
        ("A", "r1", 205, None, None, None, "met 1–7; used 1–7"),
        ("A", "r2", 205, 30, None, 14.6, None),
        ("A", "case_managed", 205, 20, 20, 9.8, f"met {cut}; used {cut}"),
        ("B", "r0", 100, 10, 10, 10.0, None),
        ("B", "r1", 100, 0, 0, 0.0, None),
        ("B", "r2", 100, None, None, None, "met 1–7"),
        ("B", "case_managed", 100, 10, 10, 10.0, None),
        ("all practices", "r0", 305, 30, 30, 9.8, None),
        ("all practices", "r1", 305, None, None, None, f"met {cut}; used {cut}"),
        ("all practices", "r2", 305, 30, None, 9.8, f"met {cut}"),
        ("all practices", "case_managed", 305, 30, 30, 9.8, f"met {cut}; used {cut}"),
    ]


def test_places_so_few_that_they_tell_the_count_are_withheld_with_all_that_shares_the_same_people():
    scheme = scheme_of(["top_share", "everyone", "review"], share="3%")
    for list_size, places in ((20, 0), (33, 0), (35, 1), (266, 7), (267, 8), (272, 8)):
        first, second, review, *_ = published(
            practice("A", scheme, list_size, (places, 10, 20), (places, 10, None)), scheme
        )
        withheld = list_size not in (20, 272)  # 33 is published as 35, and 35 may be 34, which has a place
        for row in (first, second):
            assert (row["note"] == "met withheld; used withheld") == withheld
        assert first["met"] == (None if withheld else suppress(places))
        assert review["met"] == 20


@pytest.mark.parametrize(
    ("list_size", "met", "used"),
    [
        (17, (8, 8, 1), (8, 8, 1)),  # the list leaves room for one
        (300, (7, 7, 7, 28), (7, 7, 7, 7)),  # whoever meets the last route uses a place of one of the four
        (40, (20, 18, 1), (20, 18, 1)),
        (5, (1, 4), (1, 4)),
    ],
)
def test_a_practice_whose_figures_together_tell_a_small_count_is_withheld(list_size, met, used):
    scheme = scheme_of(["everyone"] * len(met))
    shown = published(practice("A", scheme, list_size, met, used), scheme)
    assert all(row["met"] is None and "withheld" in row["note"] for row in shown[: len(met)])


# Attackers


def random_practice(generator: random.Random, name: str, scheme: Any) -> list[Row]:
    """Patients at random, their places given out in file order."""
    size = generator.choice((generator.randrange(12), generator.randrange(60), generator.randrange(60, 400)))
    free, met, used = set(range(size)), [], []
    for route in scheme.routes:
        members = set(
            generator.sample(range(size), min(size, generator.choice((0, 1, 3, 7, 8, 9, 15, size, size // 2))))
        )
        places = route.share.places(size) if hasattr(route, "share") else None
        if route.kind == "top_share":
            members = set(sorted(members)[:places])
        if route.kind == "nominated":
            members = (members - free) | set(sorted(members & free)[:places])
        met.append(len(members))
        used.append(None if route.counts_as == "entitlement" else len(members & free))
        free -= members if route.counts_as == "case_management" else set()
    return practice(name, scheme, size, tuple(met), tuple(used))


def bounds(shown: int | None, note: str, name: str, most: float) -> tuple[float, float]:
    """What a cell says by itself, read from the table alone."""
    if shown is None:
        said = re.search(rf"\b{name} (1–7|withheld)", note)
        assert said, note
        return (1, 7) if said[1] == "1–7" else (0, most)
    return (0, 0) if shown == 0 else (max(shown - 2, 8), shown + 2)


class Attacker:
    """Linear bounds over everything published of one practice: cells, inclusions, overlaps, places and their sums."""

    def __init__(self, rows: list[Row], scheme: Any) -> None:
        self.names: dict[tuple[str, str], int] = {}
        self.boxes: list[tuple[float, float]] = []
        self.left: list[dict[int, float]] = []
        self.right: list[float] = []
        size = self.cell("", "list_size", bounds(rows[0]["list_size"], rows[0]["note"] or "", "list_size", 1e6))
        most = self.boxes[size][1]
        earlier: list[int] = []
        for row, route in zip(rows, scheme.routes, strict=False):
            note = row["note"] or ""
            met = self.cell(route.name, "met", bounds(row["met"], note, "met", most))
            self.at_most({met: 1, size: -1})
            places = route.share.places(int(most)) if hasattr(route, "share") else None
            if route.kind == "top_share":
                self.at_most({met: 1}, places)
            if route.counts_as == "entitlement":
                continue
            used = self.cell(route.name, "used", bounds(row["used"], note, "used", most))
            if route.kind == "nominated":
                self.at_most({used: 1}, places)
            earlier.append(used)
            self.at_most({used: 1, met: -1})
            self.at_most({met: 1, **dict.fromkeys(earlier, -1)})
        self.at_most({**dict.fromkeys(earlier, 1), size: -1})

    def cell(self, route: str, name: str, box: tuple[float, float]) -> int:
        self.names[route, name] = len(self.boxes)
        self.boxes.append(box)
        return len(self.boxes) - 1

    def at_most(self, left: dict[int, float], right: float = 0) -> None:
        self.left.append(left)
        self.right.append(right)

    def range_of(self, route: str, name: str) -> tuple[int, int]:
        """The least and greatest count that fits."""
        matrix = np.zeros((len(self.left), len(self.boxes)))
        for row, left in enumerate(self.left):
            for column, factor in left.items():
                matrix[row, column] = factor
        found = []
        for sign in (1, -1):
            aim = np.zeros(len(self.boxes))
            aim[self.names[route, name]] = sign
            result = linprog(aim, A_ub=matrix, b_ub=self.right, bounds=self.boxes, method="highs")
            assert result.status == 0
            found.append(sign * result.fun)
        return int(np.ceil(found[0] - 1e-6)), int(np.floor(found[1] + 1e-6))


def attack(tables: int, seed: int) -> int:
    generator = random.Random(seed)
    attacked = 0
    for _ in range(tables):
        kinds = [
            generator.choice(("everyone", "everyone", "top_share", "review")) for _ in range(generator.randrange(1, 5))
        ]
        kinds.insert(generator.randrange(len(kinds) + 1), "nominated")
        scheme = scheme_of(kinds, generator.choice(("2%", "3%", "10%", "50%")))
        rows = random_practice(generator, "A", scheme)
        shown = published(rows, scheme)[: len(kinds)]
        attacker = Attacker(shown, scheme)
        cells = [(row["route"], name, row[name]) for row in rows for name in ("met", "used") if row[name] in TINY]
        if rows[0]["list_size"] in TINY:
            cells.append(("", "list_size", rows[0]["list_size"]))
        for route, name, count in cells:
            low, high = attacker.range_of(route, name)
            assert low <= count <= high
            assert low < high, (kinds, rows, shown)
            attacked += 1
    return attacked


def test_an_attacker_with_linear_bounds_never_pins_a_count_of_1_to_7():
    assert attack(120, 1) > 120


@pytest.mark.long
def test_an_attacker_with_linear_bounds_never_pins_a_count_of_1_to_7_in_ten_thousand_tables():
    assert attack(10_000, 2) > 10_000


def tables_of(scheme: Any, sizes: range) -> Any:
    """Every list size, places used and patients met that can occur, for schemes whose routes are case management."""
    for size in sizes:
        limits = [route.share.places(size) if hasattr(route, "share") else size for route in scheme.routes]
        for used in itertools.product(*(range(limit + 1) for limit in limits)):
            if sum(used) > size:
                continue
            totals = itertools.accumulate(used)
            mets = []
            for route, u, total, limit in zip(scheme.routes, used, totals, limits, strict=True):
                mets.append(range(u, (min(total, limit) if route.kind == "top_share" else total) + 1))
            for met in itertools.product(*mets):
                yield size, met, used


@pytest.mark.parametrize(
    ("kinds", "share", "sizes"),
    [
        (["everyone"], "10%", range(48)),
        (["everyone"] * 2, "10%", range(28)),
        (["everyone"] * 3, "10%", range(18)),
        (["top_share", "everyone", "nominated"], "10%", range(33)),
        (["everyone", "top_share"], "50%", range(28)),
        (["nominated", "everyone"], "50%", range(28)),
    ],
)
def test_one_who_knows_every_rule_and_lists_every_table_pins_no_count_of_1_to_7(kinds, share, sizes):
    scheme = scheme_of(kinds, share)
    by_cells: dict[Any, list[Any]] = defaultdict(list)
    for size, met, used in tables_of(scheme, sizes):
        few = [hasattr(r, "share") and r.share.places(size) in TINY for r in scheme.routes]
        by_cells[(suppress(size), *map(suppress, (*met, *used)), *few)].append((size, *met, *used))
    generator = random.Random(1)
    rows, keys = [], []
    for key, tables in by_cells.items():
        for table in generator.sample(tables, min(2, len(tables))):
            size, *cells = table
            rows += practice(f"{len(keys)}", scheme, size, tuple(cells[: len(kinds)]), tuple(cells[len(kinds) :]))
            keys.append(key)
    by_publication: dict[Any, list[set[int]]] = {}
    shown = published(rows, scheme)
    form_of: dict[Any, Any] = {}
    each = len(kinds) + 1
    for place, key in enumerate(keys):
        form = tuple(tuple(row.values())[1:] for row in shown[place * each : place * each + each])
        assert form_of.setdefault(key, form) == form  # nothing but the published cells decides what is withheld
        counts = by_publication.setdefault(form, [set() for _ in range(1 + 2 * len(kinds))])
        for table in by_cells[key]:
            for known, count in zip(counts, table, strict=True):
                known.add(count)
    pinned = [
        (form, known)
        for form, counts in by_publication.items()
        for known in counts
        if len(known) == 1 and known <= set(TINY)
    ]
    assert pinned == []


def test_totals_say_no_more_than_the_cells_they_are_made_of():
    generator = random.Random(3)
    scheme = scheme_of(["top_share", "everyone", "nominated", "review"])
    for _ in range(50):
        rows = [row for i in range(6) for row in random_practice(generator, f"P{i}", scheme)]
        shown = published(rows, scheme)
        cells = [row for row in shown if row["practice_id"] != "all practices"]
        for row in shown:
            for name in ("list_size", "met", "used"):
                assert row[name] is None or row[name] % 5 == 0
            if row["met"] is not None and row["list_size"]:
                assert abs(row["percent_of_list"] - 100 * row["met"] / row["list_size"]) <= 0.0501
            else:
                assert row["percent_of_list"] is None
        for total in (row for row in shown if row["practice_id"] == "all practices"):
            own = [row for row in cells if row["route"] == total["route"]]
            for name in ("list_size", "met"):
                assert (total[name] or 0) == sum(row[name] or 0 for row in own)
        for name in {row["practice_id"] for row in cells}:
            *routes, managed = (row for row in cells if row["practice_id"] == name)
            assert managed["used"] == managed["met"]
            assert (managed["used"] or 0) == sum(row["used"] or 0 for row in routes)
            left_out = any("used" in (row["note"] or "") for row in routes)
            assert ("used at least" in (managed["note"] or "")) == left_out


def test_the_published_table_has_no_other_columns_and_is_read_back_the_same(tmp_path):
    selection = selection_of()
    table = commissioner_table(selection.summary(), selection.scheme)
    assert table.column_names == ["practice_id", "route", "list_size", "met", "used", "percent_of_list", "note"]
    folder = selection.save(tmp_path / "out")
    assert read_csv((folder / "commissioner/summary.csv").read_bytes()).cast(table.schema).equals(table)


def test_a_scheme_without_case_management_has_no_case_managed_row():
    scheme = scheme_of(["review"])
    assert [row["route"] for row in published(practice("A", scheme, 100, (20,), (None,)), scheme)] == ["r0", "r0"]
    assert commissioner_table(summary_of([]), scheme).num_rows == 0


def test_groups_that_leave_the_practice_are_suppressed_and_their_shares_are_of_rounded_counts():
    table = pa.table(
        {
            "sex": ["F", "M", "not stated"],
            "listed": [203, 52, 3],
            "selected": [12, 4, 0],
            "share": [12 / 203, 4 / 52, 0.0],
            "just_below": pa.array([8, 7, None], pa.int64()),
        }
    )
    rows = [tuple(row.values()) for row in suppressed_groups(table).to_pylist()]
    assert rows == [("F", 205, 10, 10 / 205, 10), ("M", 50, None, None, None), ("not stated", None, 0, None, None)]
    assert suppressed_groups(table).schema == table.schema


def test_the_programme_stands_beside_the_list_rounded_and_with_its_date():
    lines = programme_lines(selection_of(register_of(people=400)))
    assert len(lines) == 3
    assert re.fullmatch(
        r"The programme reported 12,000 for case managed in 2015; this list, of 1 April 2015, has "
        r"(at least )?[0-9]*[05] \(rounded\)\.",
        lines[0],
    )
    assert lines[1].startswith("The programme reported 20,000 for over 75 in 2015; this list")
    assert lines[2] == "The programme reported 5 for unheard of in 2015."
    register = cm.synthesise("C87002", "2021-01-01", 1)
    model = cm.load_model("cambridge-multimorbidity-20")
    assert (
        "synthetic people" in programme_lines(cm.select(register, cm.load_scheme("rotherham-2015-16"), model=model))[0]
    )
    assert programme_lines(cm.select(register, cm.load_scheme("prism-top-half-percent"), model=model)) == []
