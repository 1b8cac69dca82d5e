"""What case management takes: contacts, minutes and money, as somebody states them."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from casemgmt import arguments
from casemgmt.errors import InputError, such_as

WEEKS_A_YEAR = 52.0
MOST_PATIENTS = 10**10


def a_count_of_people(value: object, name: str) -> int:
    """A whole number of people."""
    found = arguments.whole(value, name)
    if not 0 <= found <= MOST_PATIENTS:
        raise InputError(f"{name} is a whole number of people from 0.")
    return int(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What a managed patient takes in a year.

    The defaults are ours, to be replaced by your own: no source that we could read states contacts or prices for the
    programme of 2015/16. Nothing here says what management achieves.

    Attributes
    ----------
    contacts_a_patient : contacts of one patient in a year, 12 by default: one a month
    minutes_a_contact : of staff time in one contact, travel and notes included, 30 by default
    pounds_an_hour : what an hour of that time costs, in pounds, 50 by default
    pounds_a_patient : paid for a patient in a year beside the time, in pounds, such as for a care plan; 0 by default
    weeks : in which contacts are made in a year, over 0 and at most 52; 52 by default

    Examples
    --------
    >>> cm.Tariff().hours_a_year(100)
    600.0
    """

    contacts_a_patient: float = 12.0
    minutes_a_contact: float = 30.0
    pounds_an_hour: float = 50.0
    pounds_a_patient: float = 0.0
    weeks: float = WEEKS_A_YEAR

    def __post_init__(self) -> None:
        """Refuse what is no number, or below nought."""
        for name, example in (
            ("contacts_a_patient", "12"),
            ("minutes_a_contact", "30"),
            ("pounds_an_hour", "50"),
            ("pounds_a_patient", "0"),
            ("weeks", "46"),
        ):
            value = getattr(self, name)
            if not is_amount(value) or (name == "weeks" and not 0 < value <= WEEKS_A_YEAR):
                most = f" over 0 and at most {WEEKS_A_YEAR:g}" if name == "weeks" else " from 0"
                raise such_as(name, f"write a number{most}", example)

    @arguments.checked(patients=a_count_of_people)
    def contacts(self, patients: int) -> float:
        """Contacts of so many patients in a year."""
        return patients * self.contacts_a_patient

    @arguments.checked(patients=a_count_of_people)
    def hours_a_year(self, patients: int) -> float:
        """Hours of staff time of so many patients in a year."""
        return self.contacts(patients) * self.minutes_a_contact / 60

    @arguments.checked(patients=a_count_of_people)
    def hours_a_week(self, patients: int) -> float:
        """The same in each week in which contacts are made."""
        return self.hours_a_year(patients) / self.weeks

    @arguments.checked(patients=a_count_of_people)
    def pounds(self, patients: int) -> float:
        """What so many patients cost in a year, in pounds."""
        return self.hours_a_year(patients) * self.pounds_an_hour + patients * self.pounds_a_patient

    def describe(self) -> str:
        """The tariff in words."""
        beside = f", and £{self.pounds_a_patient:g} a patient" if self.pounds_a_patient else ""
        return (
            f"{self.contacts_a_patient:g} contacts a patient and year of {self.minutes_a_contact:g} minutes, "
            f"£{self.pounds_an_hour:g} an hour{beside}, in {self.weeks:g} weeks a year"
        )


def is_amount(value: object) -> bool:
    """Whether a value is a number from 0 that can be reckoned with."""
    try:
        return (
            isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value) and 0 <= value <= 1e12
        )
    except OverflowError:
        return False
