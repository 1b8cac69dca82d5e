"""Whether a register is the one that is meant: its practices, their sizes and its people, against what is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from casemgmt import arguments
from casemgmt.arrow import in_one_piece
from casemgmt.errors import InputError, listed, plural
from casemgmt.register.counts import Counts
from casemgmt.register.limits import FEWEST, Share, share_of
from casemgmt.register.unmatched import are_few, likely_cause

if TYPE_CHECKING:
    import datetime as dt

    from casemgmt.register.register import Register
    from casemgmt.selection.earlier import Earlier

LIST_SIZE_WITHIN = "10%"

# An earlier list of fewer people says nothing of how ids are written: all of them may have moved or died.
_FEWEST_PEOPLE = 5
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is known of a register before it is selected from.

    Attributes
    ----------
    list_sizes : official list size of each practice, used instead of counted rows as the whole-list denominator
    previous : an earlier selection: its case-managed patients and those whom it proposed for removal are on the
        caseload, beside those whom the register's ``on_caseload`` names; or a caseload: everyone proposed or managed is
        on it, and nobody who left, whatever the register says. ``removals()`` lists whoever is on the caseload and not
        selected again, month after month until somebody decides
    may_be_missing : practices of the two that may have no accepted row; True: any
    within : share of an official list size by which the counted one may differ, of practices of 20 people or more;
        None: by anything
    """

    list_sizes: Mapping[str, int] | None = None
    previous: Earlier | None = None
    may_be_missing: bool | frozenset[str] = False
    within: Fraction | None = Fraction(1, 10)

    @classmethod
    def of(
        cls,
        list_sizes: Mapping[str, int] | None,
        previous: Earlier | None,
        allow_missing_practices: bool | str | Iterable[str],
        list_size_within: Share | None,
    ) -> Expected:
        """What a user says, checked.

        Raises
        ------
        InputError
        """
        if isinstance(allow_missing_practices, bool):
            missing: bool | frozenset[str] = allow_missing_practices
        elif isinstance(allow_missing_practices, str):
            missing = frozenset([allow_missing_practices])
        elif isinstance(allow_missing_practices, Iterable):
            missing = frozenset(arguments.texts(allow_missing_practices, "allow_missing_practices"))
        else:
            raise InputError("allow_missing_practices: give a list of practice codes, or True for any.")
        if list_sizes is not None and not isinstance(list_sizes, Mapping):
            raise InputError(
                "list_sizes is a mapping of practice codes to numbers of people, such as {'C87001': 8543}, not a "
                f"value of type {type(list_sizes).__name__}. Of a pandas Series, give .to_dict()."
            )
        within = None if list_size_within is None else share_of(list_size_within, "list_size_within", above_all=True)
        return cls(list_sizes=list_sizes, previous=previous, may_be_missing=missing, within=within)

    def check(self, register: Register) -> None:
        """Refuse a register that lacks practices or people, or whose lists are of another size.

        Raises
        ------
        InputError
            It names the practices, or the likely cause, and how to allow it.
        """
        if self.list_sizes is None and self.previous is None:
            return
        self.check_counts(register.counts)
        if self.previous is not None:
            _refuse_strangers(self.previous, register)

    def check_day(self, as_of: dt.date) -> None:
        """Refuse an earlier list that is of a later day: joiners, leavers and removals would run backwards.

        Raises
        ------
        InputError
        """
        if self.previous is None:
            return
        day = self.previous.as_of
        if day > as_of.isoformat():
            raise InputError(
                f"previous: {self.previous.dated} is of {day}, after the list date of this register, {as_of}. "
                "Give the list of an earlier month, or of the same day, or the as_of that is meant."
            )

    def check_counts(self, counts: Counts) -> None:
        """Refuse a register that lacks practices, or whose lists are of another size."""
        absent = self.missing_practices(counts)
        if self.may_be_missing is not True:
            allowed = self.may_be_missing or frozenset()
            _refuse_missing({code: where for code, where in absent.items() if code not in allowed})
        if self.list_sizes is not None and self.within is not None:
            _refuse_far(self.list_sizes, self.within, counts)

    def missing_practices(self, counts: Counts) -> dict[str, str]:
        """Practices that are known, and have no accepted row → where they are known from."""
        known: dict[str, str] = {}
        if self.previous is not None:
            known = dict.fromkeys(self.previous.practices(), self.previous.named)
        for code, size in (self.list_sizes or {}).items():
            if size:
                known.setdefault(code, "list_sizes")
        absent = {code: where for code, where in known.items() if not counts.accepted.get(code)}
        return dict(sorted(absent.items(), key=lambda each: str(each[0]).encode()))


def _refuse_missing(absent: Mapping[str, str]) -> None:
    if not absent:
        return
    codes, places = list(absent), sorted(set(absent.values()))
    verb = "has" if len(codes) == 1 else "have"
    raise InputError(
        f"{plural(len(codes), 'practice')} of {' and '.join(places)} {verb} no accepted row in this register: "
        f"{listed(codes)}. A file may have been left out, or a code changed: nobody there would be on a list. If a "
        "practice closed or is meant to be absent, say so with allow_missing_practices=[…] "
        "(--allow-missing-practice CODE)."
    )


def _refuse_far(list_sizes: Mapping[str, int], within: Fraction, counts: Counts) -> None:
    far = []
    for practice, rows in counts.on_list.items():
        whole = _whole_number(list_sizes.get(practice))
        if whole is None:
            continue  # whoever takes the sizes says what is wrong
        if max(whole, rows) >= FEWEST and abs(whole - rows) > within * whole:
            far.append(f"  practice '{practice}': {plural(rows, 'row')} on the list, list size {whole:,}")
    if not far:
        return
    most = [*far[:_MOST_NAMED], *([f"  and {len(far) - _MOST_NAMED:,} more"] if len(far) > _MOST_NAMED else [])]
    raise InputError(
        f"{plural(len(far), 'official list size')} more than {float(100 * within):g}% from the rows of the register:\n"
        + "\n".join(most)
        + "\n  The extract may be cut short, or the figures of another day. If they are right, say how far they may be "
        "with list_size_within='25%' (--list-size-within 25%)."
    )


def _whole_number(figure: Any) -> int | None:
    """A list size as a whole number of people, as :func:`casemgmt.select` takes it; None for anything else."""
    try:
        if isinstance(figure, (bool, str)) or figure is None or not (figure >= 0 and int(figure) == figure):
            return None
        return int(figure)
    except (TypeError, ValueError, OverflowError):
        return None


def _refuse_strangers(previous: Earlier, register: Register) -> None:
    """Refuse an earlier list of whose people few have a row, used or quarantined, in the register."""
    import pyarrow as pa
    import pyarrow.compute as pc

    people = pc.unique(previous.ids().cast(pa.large_string()))
    if len(people) < _FEWEST_PEOPLE:
        return
    own = register.id_texts()
    met = len(pc.unique(own.filter(pc.is_in(own, value_set=in_one_piece(people)))))
    if are_few(met, len(people)):
        raise InputError(
            f"previous: {met:,} of the {plural(len(people), 'person', 'people')} {previous.where} are in this "
            f"register at all. {likely_cause(people, own)} Or leave previous= out."
        )
