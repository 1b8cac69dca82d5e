"""Registers and schemes to select from: text tables, seeded random ones, and Hypothesis strategies.

Everything is made of small pools of awkward values (ties, nulls, birthdays, deaths between list and extract), so that a
small register meets many rules at once. ``choose`` picks from a sequence: Hypothesis draws, or a seeded generator.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pyarrow as pa

Row = dict[str, Any]
Choose = Callable[[Sequence[Any]], Any]
NAN, INF = float("nan"), float("inf")

TYPES = {
    "patient_id": pa.string(),
    "practice_id": pa.string(),
    "date_of_birth": pa.date32(),
    "age": pa.int16(),
    "sex": pa.string(),
    "imd_decile": pa.int64(),
    "care_home_type": pa.string(),
    "emergency_admissions_12m": pa.int8(),
    "frailty_deficits": pa.int32(),
    "nominated": pa.bool_(),
    "nomination_order": pa.int64(),
    "on_caseload": pa.bool_(),
    "last_review": pa.date32(),
    "objected": pa.bool_(),
    "date_of_death": pa.date32(),
    "registered_on": pa.date32(),
    "deregistered_on": pa.date32(),
    "diabetes": pa.bool_(),
    "complex_needs": pa.bool_(),
    "palliative_care": pa.bool_(),
    "housebound": pa.bool_(),
    "admissions_12m": pa.int64(),
    "efi2_category": pa.string(),
    "ward": pa.string(),
    "points": pa.int64(),
    "score": pa.float64(),
    "my_score": pa.float64(),
    "reading": pa.float64(),
}
CARRIED = ("complex_needs", "ward", "points")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Case:
    """A register, what it is selected by, and when."""

    rows: list[Row]
    columns: list[str]
    scores: list[float | None]
    scheme_text: str
    as_of: dt.date = dt.date(2015, 4, 1)
    extracted_on: dt.date | None = None
    over_cap: str = "error"
    list_sizes: dict[str, int] | None = None
    score_as: str = "numpy"

    def __repr__(self) -> str:
        """The scheme, the options, and the first rows without their missing values."""
        options = f"{self.as_of} {self.extracted_on} {self.over_cap} {self.list_sizes} {self.score_as} {self.columns}"
        some = zip(self.rows[:12], self.scores[:12], strict=True)
        rows = "\n".join(f"{score}: { {k: str(v) for k, v in row.items() if v is not None} }" for row, score in some)
        return f"Case of {len(self.rows)} rows; {options}\n{self.scheme_text}\n{rows}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


# Text tables


def read_table(text: str) -> list[Row]:
    """Rows of a table such as ``patient_id | age | nominated`` / ``a | 75 | T``; an empty cell is missing."""
    lines = [line for line in text.strip().splitlines() if line.strip() and set(line.strip()) - set("-+ ")]
    names, *rows = ([cell.strip() for cell in line.split("|")] for line in lines)
    for cells in rows:
        assert len(cells) == len(names), cells
    return [{name: read_cell(name, cell) for name, cell in zip(names, cells, strict=True)} for cells in rows]


def read_cell(name: str, cell: str) -> Any:
    if cell == "":
        return None
    if cell in ("T", "F") and name != "sex":
        return cell == "T"
    kind = TYPES.get(name)
    if kind == pa.date32():
        return dt.date.fromisoformat(cell)
    if kind == pa.float64() or name == "score_at_cut":
        return float(cell)
    return cell if kind == pa.string() or not cell.lstrip("-").isdigit() else int(cell)


def scheme_text(
    routes: Iterable[str], *, required: Iterable[str] = (), optional: Iterable[str] = (), tie_key: str = "k"
):
    """A scheme file with the given ``[[route]]`` bodies."""
    quoted = [", ".join(f'"{name}"' for name in names) for names in (required, optional)]
    head = (
        f'[scheme]\nid = "a-scheme"\ntitle = "A scheme"\nsource = "tests"\ndecisions = ["all"]\n'
        f'tie_key = "{tie_key}"\nrequired = [{quoted[0]}]\noptional = [{quoted[1]}]\n'
    )
    return head + "".join(f"\n[[route]]\n{route}\n" for route in routes)


def top_share(share: str, limit: str) -> str:
    """A route of the highest scores, named by its share and limit."""
    name = re.sub(r"\W", "_", f"top_{share}_{limit}")
    lines = [f'name = "{name}"', 'kind = "top_share"', f'share = "{share}"', f'limit = "{limit}"', "of = {}"]
    return "\n".join([*lines, "among = {}", 'counts_as = "case_management"'])


def read_scheme(text: str) -> Any:
    from casemgmt.scheme.files import read_scheme_text

    return read_scheme_text(text, "a scheme of the tests")


def arrow_of(rows: Sequence[Row], columns: Sequence[str]) -> pa.Table:
    """The rows as a table with the columns in the given order."""
    arrays = [pa.array([row[name] for row in rows], TYPES[name]) for name in columns]
    return pa.table(dict(zip(columns, arrays, strict=True)))


# Schemes

AS_OF = tuple(
    map(dt.date.fromisoformat, ("2015-04-01", "2016-02-29", "2016-03-31", "2017-02-28", "2017-03-01", "2015-12-31"))
)
SHARES = ("0.5%", "1.8%", "2%", "3%", "7%", "10%", "20%", "29%", "1/3", "45%", "50%", "99.5%", "100%")
AGE_ON_AS_OF = ("age = { at_least = 75 }", "age = { above = 17, at_most = 74 }", "age = { below = 18 }")
AGE_LATER = (
    'age = { at_least = 75, on = "end_of_calendar_year" }',
    'age = { at_least = 75, on = "end_of_financial_year" }',
    'age = { at_least = 18, below = 75, on = "2018-02-28" }',
)
CONDITIONS = (
    'care_home_type = ["nursing", "residential", "unspecified"]',
    'care_home_type = ["none"]',
    'sex = ["F", "U"]',
    "imd_decile = { at_most = 3 }",
    "frailty_deficits = { at_least = 9, at_most = 12 }",
    "emergency_admissions_12m = { above = 0 }",
    "on_caseload = true",
    "on_caseload = false",
    "objected = true",
    "objected = false",
    "nominated = false",
    "diabetes = true",
    "diabetes = false",
    "complex_needs = true",
    "complex_needs = false",
    'ward = ["north", "süd"]',
    'points = { above = -1, below = "2.5" }',
)
BANDS = ('at_least = "0.3"\nbelow = "1"', 'above = "0.3"', 'at_most = "0.5"', 'above = "-1"\nat_most = "2.25"')
CARE_HOME_TYPES = ("nursing", "residential", "unspecified", "respite", "supported_living")
RISK_BANDS = ('at_least = "0.2"\nbelow = "0.4"', 'above = "0.31"', 'at_most = "0.5"')
KINDS = ("top_share", "top_share", "top_share", "everyone", "review", "review", "band", "nominated")


def condition_fields(conditions: Sequence[str]) -> set[str]:
    return {condition.split(" = ")[0] for condition in conditions}


def wider_shares(lines: list[str]) -> list[str]:
    """The shares that are larger than a route's own."""
    own = next(line for line in lines if line.startswith("share"))
    return list(SHARES[SHARES.index(own.split('"')[1]) + 1 :])


def with_share(route: str, share: str) -> str:
    """The route with another share, and without a ``keep_within`` that is no larger."""
    route = re.sub(r'(?m)^share = ".*"$', f'share = "{share}"', route)
    found = re.search(r'(?m)^keep_within = "(.*)"\n', route)
    return route.replace(found[0], "") if found and SHARES.index(found[1]) <= SHARES.index(share) else route


def choose_conditions(choose: Choose, ages: Sequence[str], least: int) -> list[str]:
    """At most two conditions on different columns, at least ``least``."""
    chosen = [choose((*CONDITIONS, *ages)) for _ in range(choose((1, 1, 2) if least else (0, 0, 0, 1, 1, 2)))]
    return list({condition.split(" = ")[0]: condition for condition in chosen}.values())


def choose_route(choose: Choose, kind: str, name: str, ages: Sequence[str], has_risk: bool) -> tuple[str, set[str]]:
    """The body of one route, and the columns it asks about."""
    counts_as = "case_management"
    lines = [f'name = "{name}"', f'kind = "{kind}"']
    used: set[str] = set()

    def add(key: str, conditions: list[str]) -> None:
        lines.append(f"{key} = {{ {', '.join(conditions)} }}")
        used.update(condition_fields(conditions))

    if kind in ("top_share", "nominated"):
        limit = choose(("at_most", "at_least")) if kind == "top_share" else "at_most"
        lines += [f'share = "{choose(SHARES)}"', f'limit = "{limit}"']
        add("of", choose_conditions(choose, ages, 0))
        if kind == "top_share":
            add("among", choose_conditions(choose, ages, 0))
            if limit == "at_least" and choose((True, False)):
                lines.append("include_tied = true")
            elif choose((True, False)) and (more := wider_shares(lines)):
                lines.append(f'keep_within = "{choose(more)}"')
                used.add("on_caseload")
        else:
            used.add("nominated")
    elif kind == "review":
        add("where", list(dict.fromkeys([choose(ages), *choose(((), (choose(CONDITIONS),)))])))
        lines.append(f"every_months = {choose((12, 1, 48))}")
        counts_as = "entitlement"
    elif kind == "everyone":
        add("where", choose_conditions(choose, ages, 1))
    else:
        on = choose(("score", "risk")) if has_risk else "score"
        lines += [f'on = "{on}"', choose(BANDS if on == "score" else RISK_BANDS)]
        if choose((True, False)):
            add("where", choose_conditions(choose, ages, 1))
    if kind in ("top_share", "everyone", "band"):
        counts_as = choose(("case_management", "case_management", "entitlement"))
    return "\n".join([*lines, f'counts_as = "{counts_as}"']), used


def choose_routes(choose: Choose, ages: Sequence[str], has_risk: bool = False) -> tuple[list[str], set[str]]:
    """One to five routes in any order, of which at most one is by nomination."""
    kinds = [choose(KINDS) for _ in range(choose((3, 2, 4, 5, 1)))]
    first = kinds.index("nominated") if "nominated" in kinds else 0
    kinds = [kind for index, kind in enumerate(kinds) if kind != "nominated" or index == first]
    routes = [choose_route(choose, kind, f"r{index}_{kind}", ages, has_risk) for index, kind in enumerate(kinds)]
    return [body for body, _ in routes], set().union(*(used for _, used in routes))


# Registers


def pools(as_of: dt.date, extracted_on: dt.date) -> dict[str, list[Any]]:
    """The awkward values of every column, each as often as it should be drawn."""

    def near(years: int) -> list[dt.date]:
        birthday = as_of.replace(year=as_of.year - years, day=min(as_of.day, 28))
        return [birthday + dt.timedelta(days=days) for days in range(-1, 4)]

    a_year = near(1)
    moves = [as_of + dt.timedelta(days=days) for days in (-400, -1, 0, 1)]
    moves = [day for day in [*moves, extracted_on] if day <= extracted_on]
    births = [*near(75), *near(18), dt.date(1940, 2, 29), dt.date(1996, 2, 29), dt.date(1942, 1, 1)]
    births += [
        dt.date(1940, 12, 31),
        dt.date(1941, 3, 31),
        dt.date(1941, 4, 1),
        dt.date(1930, 6, 5),
        dt.date(2010, 6, 5),
    ]
    return {
        "date_of_birth": [None, *births],
        "age": [None, 0, 17, 18, 30, 74, 74, 75, 75, 76, 95, 120],
        "sex": [None, "F", "M", "I", "U"],
        "imd_decile": [None, *range(1, 11)],
        "care_home_type": [None, "none", "none", "none", *CARE_HOME_TYPES],
        "emergency_admissions_12m": [None, 0, 0, 1, 2, 99],
        "frailty_deficits": [None, 0, 8, 9, 12, 13, 36],
        "nominated": [None, True, False, False, False],
        "nomination_order": [None, 1, 2, 3, 3, 2**31 - 1],
        "on_caseload": [None, True, False, False],
        "last_review": [None, *a_year, dt.date(2012, 2, 29), dt.date(2015, 1, 31), as_of],
        "objected": [None, False, False, False, False, True],
        "date_of_death": [*[None] * 24, *moves],
        "registered_on": [*[None] * 24, *moves],
        "deregistered_on": [*[None] * 24, *moves],
        "diabetes": [None, True, False],
        "complex_needs": [None, True, False, False],
        "ward": [None, "north", "south", "süd"],
        "points": [None, -1, 0, 2, 3],
    }


SCORE_POOLS = (
    [0.5],
    [0.5, None],
    [0.0, -0.0, -1.0, 0.3, 0.1 + 0.2, 0.5, 1.0, 1.0, None, NAN],
    [*(step / 8 for step in range(-8, 40)), None, NAN, INF],
    [*(step / 1024 for step in range(4096)), -INF],
    [None, NAN, INF, -INF],
)
PREFIXES = ("p", "P", "0", "é", "\uff50", "\U0001d52d")  # UTF-8 and UTF-16 order the last two differently
SIZES = (40, 12, 25, 120, 0, 1, 2, 6, 33, 34, 50, 67, 100, 101)
PRACTICES = ("C87002", "C87001", "Y00001", "A81001", "B86100")

# Left out of a register, these would be read as something, so a condition on them needs them to be there.
KEPT_IF_USED = {"sex", "nominated", "on_caseload", "objected"}


def seeded_columns(generator: np.random.Generator, values: dict[str, list[Any]], size: int) -> dict[str, list[Any]]:
    """Each column drawn from its pool."""
    drawn = {}
    for name, pool in values.items():
        of_pool = np.empty(len(pool), dtype=object)
        of_pool[:] = pool
        drawn[name] = of_pool[generator.integers(0, len(pool), size)].tolist()
    return drawn


def rows_of(columns: dict[str, list[Any]]) -> list[Row]:
    names = list(columns)
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def patient_ids(practice: str, prefixes: Sequence[str]) -> list[str]:
    """Unique over the register, in an order that is not the order of their bytes."""
    return [f"{prefix}{practice[:3]}{practice[3:]}{7919 * index % 1000}" for index, prefix in enumerate(prefixes)]


@st.composite
def cases(
    draw: Any, *, over_caps: Sequence[str] = ("error", "queue"), needed: Sequence[str] = (), has_risk: bool = False
) -> Case:
    """A few practices of 0 to 120 patients with a random scheme; small ones are drawn patient by patient.

    ``needed`` are columns that must be there (a model's); ``has_risk`` allows bands of risk.
    """

    def choose(options: Sequence[Any]) -> Any:
        return draw(st.sampled_from(options))

    as_of = choose(AS_OF)
    extracted_on = choose((None, as_of, as_of + dt.timedelta(days=1), as_of + dt.timedelta(days=40)))
    age_column = choose(("date_of_birth", "age"))
    ages = AGE_ON_AS_OF + AGE_LATER if age_column == "date_of_birth" else AGE_ON_AS_OF
    routes, used = choose_routes(choose, ages, has_risk)
    used -= {"age"}
    over_cap = choose(over_caps)
    values = pools(as_of, extracted_on or as_of)
    del values["age" if age_column == "date_of_birth" else "date_of_birth"]
    kept = {age_column, *needed} | (used & KEPT_IF_USED) | ({"nomination_order"} if over_cap == "queue" else set())
    absent = draw(st.sets(st.sampled_from(sorted(set(values) - kept)), max_size=4))
    values = {name: pool for name, pool in values.items() if name not in absent}
    required = sorted(draw(st.sets(st.sampled_from(sorted(used & set(values))))) if used & set(values) else ())

    rows: list[Row] = []
    scores: list[float | None] = []
    for practice in PRACTICES[: choose((2, 1, 3, 4))]:
        more_rows, more_scores = draw(practice_rows(practice, values, choose(SCORE_POOLS)))
        rows += more_rows
        scores += more_scores
    if rows and choose((False, False, True)):
        add_repeats(choose, rows, scores, age_column)
    order = list(range(len(rows)))
    random.Random(choose(range(100))).shuffle(order)
    list_sizes = None
    of_the_whole_list = not re.search(r"(?m)^of = \{ *\w", "\n".join(routes))
    if of_the_whole_list and choose((False, False, False, True)):
        list_sizes = {row["practice_id"]: choose((0, 1, 33, 34, 50, 200, 8543)) for row in rows}
    return Case(
        rows=[rows[index] for index in order],
        columns=["patient_id", "practice_id", *values],
        scores=[scores[index] for index in order],
        scheme_text=scheme_text(routes, required=required, optional=sorted(used - set(required)), tie_key=choose("kü")),
        as_of=as_of,
        extracted_on=extracted_on,
        over_cap=over_cap,
        list_sizes=list_sizes,
        score_as=choose(("numpy", "list", "arrow", "column")),
    )


@st.composite
def practice_rows(draw: Any, practice: str, values: dict[str, list[Any]], score_pool: list[Any]) -> Any:
    if draw(st.booleans()):
        one = st.tuples(*(st.sampled_from(pool) for pool in values.values()), st.sampled_from(score_pool))
        people = draw(st.lists(one, max_size=6))
        columns = {name: [person[index] for person in people] for index, name in enumerate(values)}
        scores = [person[-1] for person in people]
    else:
        size, seed = draw(st.sampled_from(SIZES)), draw(st.integers(0, 2**16))
        columns = seeded_columns(np.random.default_rng(seed), values | {"score": score_pool}, size)
        scores = columns.pop("score")
    prefixes = [PREFIXES[index * index % 7 % len(PREFIXES)] for index in range(len(scores))]
    columns = {"patient_id": patient_ids(practice, prefixes), "practice_id": [practice] * len(scores), **columns}
    return rows_of(columns), scores


def add_repeats(choose: Choose, rows: list[Row], scores: list[float | None], age_column: str) -> None:
    """Rows to merge or set aside: the same again, another with an id that is taken, one without an id or a practice.

    Each brings the score of the row it was made from.
    """
    for number in range(choose(range(1, 4))):
        index = choose(range(len(rows)))
        row = dict(rows[index])
        fault = choose(("the same", "differs", "no id", "no practice"))
        if fault == "no id":
            row["patient_id"] = choose((None, ""))
        elif fault == "no practice":
            row |= {"patient_id": f"nowhere{number}", "practice_id": choose((None, ""))}
        elif fault == "differs":
            other = {"age": 33, "date_of_birth": dt.date(1950, 5, 5)}[age_column]
            row[age_column] = other if row[age_column] != other else None
        rows.append(row)
        scores.append(scores[index])


def packed_case(seed: int, practices: int, *, scheme: str | None = None, needed: Sequence[str] = ()) -> Case:
    """Many independent practices of 1 to 120 patients, half of them under 15, under one scheme, random unless given."""
    choose = random.Random(seed).choice
    as_of = choose(AS_OF)
    extracted_on = choose((None, as_of + dt.timedelta(days=40)))
    age_column = choose(("date_of_birth", "age"))
    ages = AGE_ON_AS_OF + AGE_LATER if age_column == "date_of_birth" else AGE_ON_AS_OF
    routes, used = choose_routes(choose, ages)
    values = pools(as_of, extracted_on or as_of)
    del values["age" if age_column == "date_of_birth" else "date_of_birth"]
    tie_steps = {"on_caseload", "emergency_admissions_12m", "nomination_order", "objected"}
    kept = used | tie_steps | {*needed, age_column, "date_of_death", "deregistered_on", "last_review"}
    if scheme is None:
        values = {name: pool for name, pool in values.items() if name in kept}

    generator = np.random.default_rng(seed)
    sizes = np.ceil(120 * generator.random(practices) ** 3).astype(int)
    total = int(sizes.sum())
    columns = seeded_columns(generator, values, total)
    levels = np.repeat(generator.choice([1, 2, 5, 30, 100_000], practices), sizes)
    scores = np.floor(generator.random(total) * levels) / 8
    scores[generator.random(total) < 0.1] = np.nan
    codes = [f"{'ABCY'[index % 4]}{index:05d}" for index in range(practices)]
    numbers = (generator.permutation(total) + 1_000_000).tolist()
    columns = {
        "patient_id": [f"p{number}" for number in numbers],
        "practice_id": [code for code, size in zip(codes, sizes.tolist(), strict=True) for _ in range(size)],
        **columns,
    }
    return Case(
        rows=rows_of(columns),
        columns=list(columns),
        scores=scores.tolist(),
        scheme_text=scheme or scheme_text(routes, optional=sorted(used - {"age"})),
        as_of=as_of,
        extracted_on=extracted_on,
        over_cap="queue",
    )
