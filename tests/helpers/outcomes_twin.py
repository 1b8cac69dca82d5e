"""The measures of a programme's aims in plain Python, one row after another: slow, and as obvious as can be.

Rows are mappings of text, whole numbers and dates under the library's names. Only what a pencil can check is here:
counts, rates, ratios and shares. Intervals have peers of their own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median
from typing import Any

Row = Mapping[str, Any]
EMERGENCY = {"21", "22", "23", "24", "25", "28", "2A", "2B", "2C", "2D"}
HOME, CARE_HOME = {"19", "29"}, {"54", "55", "56", "65", "85"}
HOSPITAL = {"30", "48", "49", "50", "51", "52", "53", "84", "87"}
ALL = "all practices"
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Said:
    """What is said of the records: the kind of year, the base year's label, and the days covered."""

    year: str
    base: str
    covers: tuple[dt.date, dt.date]

    def label(self, day: dt.date) -> str:
        if self.year == "calendar":
            return str(day.year)
        first = day.year if day.month >= 4 else day.year - 1
        return f"{first}/{str(first + 1)[-2:]}"

    def days(self, label: str) -> tuple[dt.date, dt.date]:
        first = int(label[:4])
        if self.year == "calendar":
            return dt.date(first, 1, 1), dt.date(first, 12, 31)
        return dt.date(first, 4, 1), dt.date(first + 1, 3, 31)

    def before(self, label: str) -> str:
        return self.label(self.days(label)[0] - DAY)

    def whole(self, label: str, after: int = 0) -> bool:
        first, last = self.days(label)
        return self.covers[0] <= first and last + after * DAY <= self.covers[1]

    def covered(self, day: dt.date) -> bool:
        return self.covers[0] <= day <= self.covers[1]


def spells(episodes: Iterable[Row]) -> list[dict[str, Any]]:
    """One row a spell: episodes of a patient and day; the first is an emergency where any is, then the least method."""
    groups: dict[Any, list[Row]] = {}
    for row in episodes:
        key = (row["patient_id"], row.get("spell_id") or row["admission_date"])
        groups.setdefault(key, []).append(row)
    found = []
    for rows in groups.values():
        first = min(
            rows,
            key=lambda row: (
                row.get("episode_order", 0),
                row["admission_date"],
                row["admission_method"] not in EMERGENCY,
                row["admission_method"],
            ),
        )
        if first.get("patient_classification") in ("3", "4"):
            continue
        ends = [row["discharge_date"] for row in rows if row.get("discharge_date")]
        went = [row.get("discharge_destination") for row in rows if row.get("discharge_destination")]
        found.append(
            {
                **first,
                "end": max(ends, default=None),
                "went": went[-1] if went else "",
                "start": first["admission_date"],
            }
        )
    return found


class Twin:
    """The measures of some episodes, lists and deaths."""

    def __init__(self, episodes: Sequence[Row], lists: Sequence[Row], said: Said, deaths: Sequence[Row] = ()) -> None:
        self.said, self.deaths = said, deaths
        self.sizes = {(row["practice_id"], row["year"]): row["list_size"] for row in lists}
        self.spells = spells(episodes)

    def cells(self) -> list[tuple[str, str]]:
        practices = sorted({practice for practice, _ in self.sizes})
        years = sorted({year for _, year in self.sizes})
        years = [year for year in years if self._overlaps(year)]
        named = [(practice, year) for practice in practices for year in years if (practice, year) in self.sizes]
        return named + [(ALL, year) for year in years]

    def members(self, practice: str, year: str, other: str | None = None) -> list[str]:
        found = [each for each, label in self.sizes if label == year and practice in (each, ALL)]
        return [each for each in found if other is None or (each, other) in self.sizes]

    def size(self, members: Iterable[str], year: str) -> int:
        return sum(self.sizes[each, year] for each in members)

    def emergency(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Count, rate for 1,000, ratios to the base year and the year before, and whether the aim is met."""
        counts: dict[tuple[str, str], int] = {}
        for spell in self.spells:
            key = (spell["practice_id"], self.said.label(spell["start"]))
            if spell["admission_method"] in EMERGENCY and self.said.covered(spell["start"]) and key in self.sizes:
                counts[key] = counts.get(key, 0) + 1

        def rate(members: Sequence[str], year: str) -> Fraction:
            return Fraction(sum(counts.get((each, year), 0) for each in members), self.size(members, year))

        def ratio(practice: str, year: str, other: str) -> Fraction | None:
            members = self.members(practice, year, other)
            if other == year or not members or not (self.said.whole(year) and self.said.whole(other)):
                return None
            then = rate(members, other)
            return rate(members, year) / then if then else None

        found = {}
        for practice, year in self.cells():
            members = self.members(practice, year)
            base = ratio(practice, year, self.said.base)
            found[practice, year] = {
                "emergency_admissions": sum(counts.get((each, year), 0) for each in members),
                "per_1000": float(1000 * rate(members, year)) if self.said.whole(year) else None,
                "base_ratio": None if base is None else float(base),
                "previous_ratio": _float(ratio(practice, year, self.said.before(year))),
            }
        return found

    def home(self) -> dict[tuple[str, str], dict[str, int]]:
        """What became of the discharges of people aged 65 and over, 91 days later."""
        died = {row["patient_id"]: row["date_of_death"] for row in self.deaths}
        found: dict[tuple[str, str], dict[str, int]] = {}
        last_counted: dict[str, dt.date] = {}
        ended = [spell for spell in self.spells if spell["end"] is not None and spell["end"] >= spell["start"]]
        for spell in sorted(ended, key=lambda spell: (spell["end"], spell["start"], spell["went"])):
            key = (spell["practice_id"], self.said.label(spell["end"]))
            counts = self.said.covered(spell["end"]) and key in self.sizes
            counts = counts and spell["age"] >= 65 and spell["patient_classification"] == "1"
            from_home = spell["admission_source"] not in CARE_HOME
            counts = counts and spell["went"] in HOME | CARE_HOME and from_home
            before = last_counted.get(spell["patient_id"])
            if not counts or (before is not None and spell["end"] <= before + 91 * DAY):
                continue
            last_counted[spell["patient_id"]] = spell["end"]
            what = self._outcome(spell, died.get(spell["patient_id"]))
            for each in (key, (ALL, key[1])):
                found.setdefault(each, {})
                found[each][what] = found[each].get(what, 0) + 1
        return found

    def _outcome(self, spell: Row, died: dt.date | None) -> str:
        day = spell["end"] + 91 * DAY
        if day > self.said.covers[1]:
            return "not_followed"
        if died is not None and died <= day:
            return "died"
        others = [each for each in self.spells if each["patient_id"] == spell["patient_id"] and each is not spell]
        others = [each for each in others if each["start"] <= day]
        later = [each for each in others if each["end"] is not None and each["start"] <= each["end"] <= day]
        later = sorted((e for e in later if e["end"] > spell["end"]), key=lambda e: (e["end"], e["start"], e["went"]))
        if any(each["went"] == "79" for each in later):
            return "died"
        if any(each["end"] is not None and each["end"] >= each["start"] and each["end"] > day for each in others):
            return "in_hospital"
        if any(each["start"] >= spell["end"] and (each["end"] or dt.date.min) < each["start"] for each in others):
            return "unknown"
        went = later[-1]["went"] if later else spell["went"]
        return "at_home" if went in HOME else "in_care_home" if went in CARE_HOME else "unknown"

    def lost(self, up_to: int) -> dict[tuple[str, str], tuple[int, int]]:
        """Deaths, and years lost up to an age."""
        found: dict[tuple[str, str], tuple[int, int]] = {}
        for row in self.deaths:
            key = (row["practice_id"], self.said.label(row["date_of_death"]))
            if self.said.covered(row["date_of_death"]) and key in self.sizes and row.get("amenable", True):
                for each in (key, (ALL, key[1])):
                    deaths, years = found.get(each, (0, 0))
                    found[each] = (deaths + 1, years + max(up_to - row["age"], 0))
        return found

    def lengths(self) -> dict[tuple[str, str], list[int]]:
        """The nights of emergency stays that ended in each year, in order."""
        practices = {practice for practice, _ in self.sizes}
        found: dict[tuple[str, str], list[int]] = {}
        for spell in self.spells:
            ended = spell["end"] is not None and spell["start"] <= spell["end"] and self.said.covered(spell["end"])
            if not (ended and spell["admission_method"] in EMERGENCY and spell["practice_id"] in practices):
                continue
            year = self.said.label(spell["end"])
            for each in (spell["practice_id"], *([ALL] if (spell["practice_id"], year) in self.sizes else [])):
                found.setdefault((each, year), []).append((spell["end"] - spell["start"]).days)
        return {key: sorted(nights) for key, nights in found.items()}

    def _overlaps(self, year: str) -> bool:
        first, last = self.said.days(year)
        return first <= self.said.covers[1] and last >= self.said.covers[0]


def middle(nights: Sequence[int]) -> float:
    """The median."""
    return float(median(nights))


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
