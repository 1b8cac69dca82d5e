"""How much of a register may be set aside or corrected before it is refused: a policy on one screen.

Over the whole register and in each practice:

- of its rows, repeats and ended registrations of patients who are kept apart, no more than ``max_quarantined`` may be
  quarantined (a practice that has nearly vanished
  must not hide in a large register);
- of the values that its accepted rows give of a field, no more than ``max_corrected`` may be corrected: set to missing,
  or to something safer. Repairs that keep the value, and an age of another day beside a date of birth (``HARMLESS``),
  are counted and shown, and never refused.

A register is refused, too, if most of it, or of a practice, is said to have died, objected or not yet joined, or if
nobody at all is on the list: a consent read as an objection would bar all who gave it.

Shares are exact, a share that is met to the row is allowed, and of fewer than ``FEWEST`` rows or values none is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from casemgmt.errors import InputError, plural
from casemgmt.register.contradictions import NEAR_BIRTH
from casemgmt.register.counts import Counts, by_field
from casemgmt.register.registrations import EARLIER
from casemgmt.register.values import OUTER_SPACES

MAX_QUARANTINED = "5%"
MAX_CORRECTED = "10%"
# Of a register's or a practice's patients: of more, the column says something else than its field means.
MOST_BARRED = Fraction(1, 2)
FEWEST = 20
# Of fewer patients, that most are barred may be so.
FEWEST_BARRED = 100
HARMLESS = frozenset({OUTER_SPACES, NEAR_BIRTH})

_MOST_NAMED = 10
_SHARE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)%|([0-9]{1,9})/([0-9]{1,9})")

Share = str | float | Fraction | Decimal
Counted = Mapping[tuple[str | None, str, str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The shares beyond which a register is refused, each 0 to 1, exact."""

    quarantined: Fraction = Fraction(5, 100)
    corrected: Fraction = Fraction(10, 100)

    @classmethod
    def of(cls, max_quarantined: Share, max_corrected: Share) -> Limits:
        """The limits as a user writes them.

        Raises
        ------
        InputError
            Something else than a share from 0 to 1.
        """
        return cls(
            quarantined=share_of(max_quarantined, "max_quarantined"), corrected=share_of(max_corrected, "max_corrected")
        )

    def changed(self, max_quarantined: Share | None, max_corrected: Share | None) -> Limits:
        """The same but for what is given."""
        return Limits.of(
            self.quarantined if max_quarantined is None else max_quarantined,
            self.corrected if max_corrected is None else max_corrected,
        )


def share_of(value: object, name: str, *, above_all: bool = False) -> Fraction:
    """``"5%"``, ``"1/20"``, ``0.05`` or ``Fraction(1, 20)`` as the same exact share; ``0.1`` is a tenth.

    Parameters
    ----------
    value : as a user writes it
    name : of the option, for the error
    above_all : whether more than 1 may be said

    Raises
    ------
    InputError
    """
    said: Fraction | None = None
    if isinstance(value, str):
        found = _SHARE.fullmatch(value.strip())
        if found is not None and found[1] is not None:
            said = Fraction(found[1]) / 100
        elif found is not None and int(found[3]):
            said = Fraction(int(found[2]), int(found[3]))
    elif isinstance(value, (int, float, Fraction, Decimal)) and not isinstance(value, bool):
        finite = value == value and abs(value) != float("inf")  # noqa: PLR0124 - NaN is not equal to itself
        # A float is taken as it is written: 0.1 means a tenth, not the binary number nearest to it.
        said = Fraction(repr(float(value)) if isinstance(value, float) else value) if finite else None
    if said is None or said < 0 or (said > 1 and not above_all):
        raise InputError(f"{name}: write a share such as '5%', '1/20' or 0.05{'' if above_all else ', from 0 to 1'}.")
    return said


def breaches(
    limits: Limits, counts: Counts, aside: Counted, changed: Counted, rows: int
) -> Iterator[tuple[str, str, Fraction]]:
    """Every limit that is passed: which option raises it, in words, and the share.

    Parameters
    ----------
    counts : of the accepted rows
    aside, changed : rows of the quarantine and of the corrections, counted by practice, field and reason
    rows : source rows, repeats apart
    """
    changed = {key: count for key, count in changed.items() if key[2] not in HARMLESS}
    # Nobody is lost with these.
    earlier = sum(count for key, count in aside.items() if key[2] == EARLIER)
    aside, rows = {key: count for key, count in aside.items() if key[2] != EARLIER}, rows - earlier
    option = "max_quarantined"
    for where, count, of, fields in _quarantined(aside, counts, rows):
        if _passes(count, of, limits.quarantined):
            words = f"{count:,} of {plural(of, 'row')} {where} quarantined ({_percent(count, of)}): {_tally(fields)}"
            yield option, words, Fraction(count, of)
    option = "max_corrected"
    for where, name, count, of, reasons in _corrected(changed, counts):
        if _passes(count, of, limits.corrected):
            share = f"{count:,} of {plural(of, 'value')} {where} corrected ({_percent(count, of)})"
            words = f"'{name}': {share}: {_tally(reasons)}"
            yield option, words, Fraction(count, of)


def refuse_beyond(limits: Limits, counts: Counts, aside: Counted, changed: Counted, rows: int) -> None:
    """Refuse a register of which more is quarantined or corrected than ``limits`` allow; see :func:`breaches`.

    Raises
    ------
    InputError
        It names every breach with its field, counts, share, and how to raise the limit.
    """
    found = list(breaches(limits, counts, aside, changed, rows))
    if not found:
        _refuse_barred(counts)
        return
    lines = [f"  {words}" for _, words, _ in found[:_MOST_NAMED]]
    if len(found) > _MOST_NAMED:
        lines.append(f"  and {len(found) - _MOST_NAMED:,} more")
    raised = [
        f"{option}='{_whole_percent(max(share for own, _, share in found if own == option))}'"
        for option in ("max_quarantined", "max_corrected")
        if any(own == option for own, _, _ in found)
    ]
    if any(option == "max_quarantined" for option, _, _ in found):
        lines += [f"  set aside: {words}" for words in _set_aside_for(aside)[:_MOST_NAMED]]
    allowed = (
        f"{_in_percent(limits.quarantined)} of rows quarantined, {_in_percent(limits.corrected)} of values corrected"
    )
    raise InputError(
        f"Too much of this register cannot be used as it is (at most {allowed}):\n"
        + "\n".join(lines)
        + "\n  Look at register.quarantine and register.corrections, or run `casemgmt check`. Mend the extract, or say "
        "how it is written with values= and date_format=. If it is as it should be, say so with "
        f"{' and '.join(raised)} ({', '.join(_as_option(each) for each in raised)})."
    )


_BARRED_BY = {
    "died": (
        "date_of_death",
        "give the day of death alone, and nothing for the living; a placeholder is mapped away with "
        "values={'date_of_death': {'1901-01-01': ''}}, its own day in the place of this one",
    ),
    "objected": (
        "objected",
        "if the column says who has consented, turn it round with values={'objected': {'Y': 'N', 'N': 'Y'}}, its own "
        "words in the place of these; if it asks something else, leave it out",
    ),
    "not yet registered": (
        "registered_on",
        "if it is the day of the extract or stands for no date, map it away with values={'registered_on': "
        "{'1901-01-01': ''}}, its own day in the place of this one; or give the list date that is meant as as_of",
    ),
}


def _refuse_barred(counts: Counts) -> None:
    """Refuse a register most of whose patients, or of a practice's, would never be listed or ranked."""
    accepted = sum(counts.accepted.values())
    for why, (name, remedy) in _BARRED_BY.items():
        own = counts.barred.get(why, {})
        wheres = [(f"of practice '{practice}'", count, counts.accepted[practice]) for practice, count in own.items()]
        if why == "not yet registered":  # a practice may open with the people of another
            wheres = []
        for where, count, of in (("of the register", sum(own.values()), accepted), *wheres):
            if of >= FEWEST_BARRED and _passes(count, of, MOST_BARRED):
                raise InputError(
                    f"Column '{name}': {count:,} of {plural(of, 'patient')} {where} would count as {why} and never be "
                    f"selected by rank, which is likely to be another meaning of the column: {remedy}."
                )
    if accepted >= FEWEST_BARRED and not any(counts.on_list.values()):
        tally = _tally({why: count for why, count in counts.barred_in_all().items() if count})
        raise InputError(
            f"Not one of {plural(accepted, 'patient')} is on the list on the list date ({tally}). Look at "
            "date_of_death, deregistered_on and registered_on, and at as_of: a placeholder for no date is mapped away "
            "with values={'deregistered_on': {'1901-01-01': ''}}, its own day in the place of this one."
        )


def _passes(count: int, of: int, limit: Fraction) -> bool:
    # In whole numbers, since this is asked of every practice.
    return of >= FEWEST and count * limit.denominator > limit.numerator * of


def _quarantined(aside: Counted, counts: Counts, rows: int) -> Iterator[tuple[str, int, int, Mapping[str, int]]]:
    """The register, then each practice with a quarantined row: where, rows set aside, of how many, by field."""
    yield "of the register", sum(aside.values()), rows, by_field(aside)
    unusable = 0
    for practice, own in _by_practice(aside):
        count = sum(own.values())
        named = practice in counts.accepted
        unusable += not named
        where = f"of practice '{practice}'" if named else f"of a practice whose code was refused (the {unusable}.)"
        yield where, count, count + counts.accepted.get(practice, 0), by_field(own)


def _corrected(changed: Counted, counts: Counts) -> Iterator[tuple[str, str, int, int, Mapping[str, int]]]:
    """Each field of the register, then of each practice: where, field, values corrected, of how many given; why."""
    accepted = sum(counts.accepted.values())
    for name, count in by_field(changed).items():
        yield "of the register", name, count, counts.given.get(name, accepted), _reasons(changed, name)
    for practice, own in _by_practice(changed):
        for name, count in by_field(own).items():
            yield f"of practice '{practice}'", name, count, counts.accepted.get(practice, count), _reasons(own, name)


def _by_practice(counted: Counted) -> Iterator[tuple[str, Counted]]:
    own: dict[str, dict[tuple[str | None, str, str], int]] = {}
    for key, count in counted.items():
        if key[0] is not None:
            own.setdefault(key[0], {})[key] = count
    yield from sorted(own.items(), key=lambda each: each[0].encode())


def _set_aside_for(aside: Counted) -> list[str]:
    """Why rows were quarantined, the commonest reason first."""
    found: dict[tuple[str, str], int] = {}
    for (_, name, reason), count in aside.items():
        if reason != EARLIER:
            found[name, reason] = found.get((name, reason), 0) + count
    most_first = sorted(found.items(), key=lambda each: (-each[1], each[0]))
    return [f"{name} {count:,}: {reason}" for (name, reason), count in most_first]


def _reasons(changed: Counted, name: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for (_, own, reason), count in changed.items():
        if own == name:
            found[reason] = found.get(reason, 0) + count
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def _tally(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _percent(count: int, of: int) -> str:
    return f"{100 * count / of:.1f}%"


def _in_percent(share: Fraction) -> str:
    return f"{float(100 * share):g}%"


def _whole_percent(share: Fraction) -> str:
    """The least whole percentage that allows a share."""
    return f"{-(-share.numerator * 100 // share.denominator)}%"


def _as_option(said: str) -> str:
    name, _, value = said.partition("=")
    return f"--{name.replace('_', '-')} {value.strip(chr(39))}"
