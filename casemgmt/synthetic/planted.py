"""Faults and effects that can be planted in a synthetic register, so that evaluation can be tried on them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from casemgmt.errors import InputError, did_you_mean, listed, plural, such_as

GROUP_COLUMNS = ("sex", "imd_decile", "ethnicity", "care_home_type")
LARGEST_DRIFT = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """What to plant. Each option changes what it says and nothing else: the same seed without it is the control.

    Attributes
    ----------
    effect : 0 to 1, the share of those who would be admitted next year, among the managed, who are spared all their
        admissions; numbers of admissions and of people admitted fall by this share alike. Deaths stay
    managed : patient ids of those case-managed; None means the register's ``on_caseload``
    under_recording : 0 to 1, the chance that a condition which someone of the group has is not in the register. Risk
        and outcomes follow the conditions that they have; deficits, medicines and use stay as they are
    under_recorded : the group, as (column, value), such as ``("ethnicity", "Asian")``; a column of sex, imd_decile,
        ethnicity or care_home_type, and None for not stated
    drift : next year's risks are multiplied by this, over 0 and at most 5
    copied_year : the register's use columns hold the year before once more, and not the last twelve months; the
        outcomes follow the true ones

    Raises
    ------
    InputError
        A share outside 0 to 1, a drift outside its range, a group without a share or a share without its group.

    Examples
    --------
    >>> cm.Planted(effect=0.2).drift
    1.0
    """

    effect: float = 0.0
    managed: Collection[str] | None = None
    under_recording: float = 0.0
    under_recorded: tuple[str, object] | None = None
    drift: float = 1.0
    copied_year: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be planted."""
        for name, share in (("effect", self.effect), ("under_recording", self.under_recording)):
            if not _is_number(share) or not 0 <= share <= 1:
                raise such_as(name, "write a share from 0 to 1", "0.2")
        if not _is_number(self.drift) or not 0 < self.drift <= LARGEST_DRIFT:
            raise such_as("drift", f"write a factor over 0 and at most {LARGEST_DRIFT:g}", "1.1")
        if not isinstance(self.copied_year, bool):
            raise InputError("copied_year: write True or False.")
        if isinstance(self.managed, str):
            raise InputError("managed: give a set or a list of patient ids, not one text.")
        if self.managed is not None and not self.effect:
            raise InputError("managed: says who is managed, but effect is 0. Write effect=0.2, or leave managed out.")
        if bool(self.under_recording) != (self.under_recorded is not None):
            raise InputError(
                "under_recording and under_recorded go together: a share, and the group it is planted in, such as "
                "under_recorded=('ethnicity', 'Asian')."
            )
        if self.under_recorded is not None:
            _check_group(self.under_recorded)

    @property
    def facts(self) -> dict[str, object]:
        """What is planted, for the metadata of a table; never an id."""
        found: dict[str, object] = {}
        if self.effect:
            found["effect"] = self.effect
            found["managed"] = "on_caseload" if self.managed is None else len(set(self.managed))
        if self.under_recorded is not None:
            found["under_recording"] = self.under_recording
            found["under_recorded"] = list(self.under_recorded)
        if self.drift != 1:
            found["drift"] = self.drift
        if self.copied_year:
            found["copied_year"] = True
        return found


def managed_serials(planted: Planted, sizes: Mapping[str, int]) -> dict[str, list[int]]:
    """The serial numbers, from 1, of the managed in each practice.

    Parameters
    ----------
    planted : with ``managed``
    sizes : practice code -> people

    Raises
    ------
    InputError
        Ids that no one of these practices bears; they are counted, not shown.
    """
    found: dict[str, list[int]] = {code: [] for code in sizes}
    unknown = 0
    for patient_id in set(planted.managed or ()):
        code, _, serial = patient_id.partition("-") if isinstance(patient_id, str) else ("", "", "")
        number = int(serial) if len(serial) == 6 and serial.isascii() and serial.isdigit() else 0
        if 1 <= number <= sizes.get(code, 0):
            found[code].append(number)
        else:
            unknown += 1
    if unknown:
        raise InputError(
            f"managed: {plural(unknown, 'id')} that no one in this area bears. Give patient_id values of the same area."
        )
    return found


def _check_group(group: object) -> None:
    if not (isinstance(group, tuple) and len(group) == 2):
        raise InputError("under_recorded: write (column, value), such as ('ethnicity', 'Asian').")
    if group[0] not in GROUP_COLUMNS:
        near = did_you_mean(str(group[0]), GROUP_COLUMNS)
        raise InputError(f"under_recorded: the column must be one of {listed(GROUP_COLUMNS)}.{near}")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


NOTHING = Planted()
