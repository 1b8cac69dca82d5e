"""Random registers with everything wrong that a row can have, and random schemes to select from them by."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import oracle_account
from registers import (
    AGE_LATER,
    AGE_ON_AS_OF,
    AS_OF,
    KEPT_IF_USED,
    SCORE_POOLS,
    Case,
    Row,
    choose_routes,
    pools,
    rows_of,
    scheme_text,
    seeded_columns,
)

CODES = ("C87002", "C87001", "Y00001", "A81001", "B86100", "12345", "W00001")
SIZES = (0, 1, 2, 3, 6, 12, 12, 25, 25, 40, 60, 90, 120)
TROUBLES = (0, 0, 1, 2, 4, 8, 16)
UNUSABLE_IDS = (
    None,
    "",
    "  ",
    "12.0",
    "1.2E10",
    "7e+5",
    "33E+2",
    "3" * 10,
    "p\u00a01",
    "p\u200b1",
    "\tq",
    "-",
    "—",
    "q ",
)
UNUSABLE_CODES = (None, "", "nowhere", "C8700", "XX0001", "ＡＢ1234")
# At most three a register, and so too few for a column to be refused.
UNUSABLE_VALUES: dict[str, tuple[Any, ...]] = {
    "age": (121, -1, 999),
    "imd_decile": (0, 11, -3),
    "emergency_admissions_12m": (-1, 100, 127),
    "frailty_deficits": (-1, 37),
    "nomination_order": (0, -1, 2**31),
    "sex": ("Q", "unknown"),
    "care_home_type": ("hospice",),
    "date_of_birth": (dt.date(1850, 1, 1), dt.date(2030, 1, 1)),
    "last_review": (dt.date(1899, 12, 31), dt.date(2030, 1, 1)),
    "date_of_death": (dt.date(1888, 8, 8), dt.date(2030, 1, 1)),
    "registered_on": (dt.date(1888, 8, 8), dt.date(2030, 1, 1)),
    "deregistered_on": (dt.date(1888, 8, 8), dt.date(2030, 1, 1)),
}
LONGEST_ID = "x" * 40


def hard_case(seed: int, *, needed: tuple[str, ...] = (), has_risk: bool = False) -> Case:
    """A register of 0 to 120 patients of some practices, with troubles, and a random scheme.

    ``needed`` are columns that must be there (a model's); ``has_risk`` allows bands of risk.
    """
    choose = random.Random(seed).choice
    as_of = choose(AS_OF)
    extracted_on = choose((None, as_of, as_of + dt.timedelta(days=1), as_of + dt.timedelta(days=40)))
    age_column = choose(("date_of_birth", "age"))
    ages = AGE_ON_AS_OF + AGE_LATER if age_column == "date_of_birth" else AGE_ON_AS_OF
    routes, used = choose_routes(choose, ages, has_risk)
    used -= {"age"}
    over_cap = choose(("error", "queue"))
    values = pools(as_of, extracted_on or as_of) | {"reading": [None, float("nan"), 0.0, -0.0, 1.5]}
    del values["age" if age_column == "date_of_birth" else "date_of_birth"]
    kept = {age_column, *needed} | (used & KEPT_IF_USED) | ({"nomination_order"} if over_cap == "queue" else set())
    leavable = sorted(set(values) - kept)
    absent = {choose(leavable) for _ in range(choose((0, 2, 4, 12)))}
    values = {name: pool for name, pool in values.items() if name not in absent}
    required = sorted(name for name in used & set(values) if choose((True, False)))

    register = RandomRegister(choose, values, age_column, choose(("numpy", "list", "arrow", "column", "column")))
    register.add_patients(choose(SIZES), seed)
    for _ in range(choose(TROUBLES) if register.rows else 0):
        register.add_trouble()
    register.shuffle(seed)
    list_sizes = None
    of_the_whole_list = not re.search(r"(?m)^of = \{ *\w", "\n".join(routes))
    if of_the_whole_list and choose((False, False, False, True)):
        practices = oracle_account.account(register.rows, as_of, extracted_on or as_of).practices
        list_sizes = {code: choose((0, 1, 33, 34, 50, 200, 8543)) for code in sorted(practices)} or None
    return Case(
        rows=register.rows,
        columns=["patient_id", "practice_id", *register.values],
        scores=register.scores,
        scheme_text=scheme_text(routes, required=required, optional=sorted(used - set(required)), tie_key=choose("kü")),
        as_of=as_of,
        extracted_on=extracted_on,
        over_cap=over_cap,
        list_sizes=list_sizes,
        score_as=register.score_as,
    )


def same_number(number: float | None) -> float | None:
    """The same in other words: a number that is none is missing, and minus zero is zero."""
    if number is None or number != number:
        return float("nan") if number is None else None
    return -number if number == 0 else number


class RandomRegister:
    """Rows and their scores while they are drawn; where the score is a column, it is one of ``values``."""

    def __init__(
        self, choose: Callable[[Any], Any], values: dict[str, list[Any]], age_column: str, score_as: str
    ) -> None:
        self.choose, self.values, self.age_column, self.score_as = choose, dict(values), age_column, score_as
        self.rows: list[Row] = []
        self.scores: list[float | None] = []
        self.unusable_left = 3
        if score_as == "column":
            self.values["my_score"] = [0.5]

    def add_patients(self, total: int, seed: int) -> None:
        """Patients of up to five practices, most of them of the first."""
        codes = [self.choose(CODES) for _ in range(self.choose((1, 2, 2, 3, 5)))]
        style = self.choose(("serial", "numbers", "long", "mixed"))
        generator = np.random.default_rng(seed)
        owners = [self.choose([*codes, codes[0]]) for _ in range(total)]
        for code in dict.fromkeys(owners):
            size = owners.count(code)
            pool = self.choose(SCORE_POOLS)
            columns = seeded_columns(generator, {**self.values, "score": pool}, size)
            scores = columns.pop("score")
            if self.score_as == "column":
                columns["my_score"] = scores
            ids = [self.id_of(style, len(self.rows) + number) for number in range(size)]
            self.rows += rows_of({"patient_id": ids, "practice_id": [code] * size, **columns})
            self.scores += scores

    def id_of(self, style: str, number: int) -> str:
        digits = f"{7919 * (number + 1) % 100003:06d}"
        kind = self.choose(("serial", "numbers", "long", "prefixed")) if style == "mixed" else style
        if kind == "prefixed":
            return self.choose(("p", "P", "0", "é", "É", "\uff50", "\U0001d52d", "ß-", "N ")) + digits
        return {"serial": f"id{digits}", "numbers": f"0094{digits}", "long": LONGEST_ID[: number % 41] + digits}[kind]

    def add_trouble(self) -> None:
        """One row more, made from another, or one value changed."""
        kinds = (
            "same",
            "same",
            "alike",
            "differs",
            "differs",
            "moved",
            "no id",
            "no practice",
            "two ways",
            "value",
            "unborn",
        )
        place = self.choose(range(len(self.rows)))
        row, kind = dict(self.rows[place]), self.choose(kinds)
        score = self.scores[place]
        if kind == "value":
            self.spoil_a_value(place)
            return
        if kind == "differs":
            name = self.choose([*self.values, "practice_id"])
            row[name] = self.choose([*self.values.get(name, CODES)])
            score = row.get("my_score", score)
        elif kind == "alike" and "reading" in row:
            row["reading"] = same_number(row["reading"])
        elif kind == "moved":
            self.add_registration(row, place)
        elif kind == "no id":
            row["patient_id"] = self.choose(UNUSABLE_IDS)
        elif kind == "no practice":
            code = row["practice_id"] or "C87001"
            row["practice_id"] = self.choose((*UNUSABLE_CODES, code.lower(), code + " "))
            row["patient_id"] = self.choose((row["patient_id"], f"nowhere{len(self.rows)}"))
        elif kind == "two ways":
            text = row["patient_id"] or "p1"
            ways = (
                text.upper(),
                text.lower(),
                f"{text[:3]} {text[3:]}",
                f"{text[:2]}-{text[2:]}",
                text[:1] + "\u2013" + text[1:],
            )
            row["patient_id"] = self.choose(ways)
        elif kind == "unborn" and {"date_of_birth", "date_of_death"} <= set(self.values):
            row |= {"date_of_birth": dt.date(1980, 5, 5), "date_of_death": dt.date(1980, 5, 4)}
            row["patient_id"] = self.choose((row["patient_id"], f"unborn{len(self.rows)}"))
            if "deregistered_on" in row:
                row["deregistered_on"] = None
        self.rows.append(row)
        self.scores.append(score)

    def add_registration(self, row: Row, place: int) -> None:
        """Make of a row an earlier or another registration of the same person."""
        row["practice_id"] = self.choose(CODES)
        for name in ("registered_on", "deregistered_on"):
            if name in row:
                row[name] = self.choose([dt.date(2013, 5, 5), dt.date(2014, 1, 1), *self.values[name][-5:], None])
        if "deregistered_on" in row and self.choose((True, True, False)):
            self.rows[place]["deregistered_on"] = None
            row["deregistered_on"] = dt.date(2014, 1, 1)

    def spoil_a_value(self, place: int) -> None:
        """Put a value that cannot be used in the place of one that can."""
        names = [name for name in self.values if name in UNUSABLE_VALUES]
        if self.unusable_left and names:
            self.unusable_left -= 1
            name = self.choose(names)
            self.rows[place][name] = self.choose(UNUSABLE_VALUES[name])

    def shuffle(self, seed: int) -> None:
        order = list(range(len(self.rows)))
        random.Random(seed).shuffle(order)
        self.rows = [self.rows[index] for index in order]
        self.scores = [self.scores[index] for index in order]
