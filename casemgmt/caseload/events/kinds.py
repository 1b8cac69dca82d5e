"""The kinds of event, what each may say, and what it must.

An event is about the whole store, about a practice, or about a patient of a practice. No kind has a place for a
patient's name. ``by`` is the person who did it, as the practice writes its staff: initials or a role do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

About = Literal["store", "practice", "patient"]
Value = Literal["text", "integer", "date", "flag", "sha256", "values"]

STORE: Final = ""  # stands for a practice code in the chain of the store itself: no practice's code is empty

OPENED, SETTINGS = "opened", "settings_changed"
LIST_PUBLISHED, RETURN_READ, LIST_SIZE = "list_published", "return_read", "list_size"
NOMINATED, PROPOSED, ACCEPTED, NOT_ACCEPTED = "nominated", "proposed", "accepted", "not_accepted"
PLAN_AGREED, PLAN_DECLINED, REVIEWED = "plan_agreed", "plan_declined", "reviewed"
GP_NAMED, PATIENT_TOLD = "gp_named", "patient_told"
HOME_CHANGED, PRACTICE_CHANGED = "home_changed", "practice_changed"
REMOVAL_PROPOSED, REMOVAL_LAPSED, REMOVAL_REJECTED = "removal_proposed", "removal_lapsed", "removal_rejected"
ENDED, MOVED, DIED, RETURNED = "ended", "moved", "died", "returned"
CORRECTED, WITHDRAWN = "corrected", "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What an event of one kind says.

    Attributes
    ----------
    name : as it is stored
    about : the store, a practice, or a patient of a practice
    meaning : one sentence
    needs, may : the details that it must and may hold, and what each is; a date is ISO text, ``values`` a mapping of
        names to such values
    by_needed : whether the person who did it must be named
    """

    name: str
    about: About
    meaning: str
    needs: Mapping[str, Value] = field(default_factory=dict)
    may: Mapping[str, Value] = field(default_factory=dict)
    by_needed: bool = False

    @property
    def details(self) -> dict[str, Value]:
        """All the details it may hold."""
        return {**self.needs, **self.may}


_SETTINGS: Final[dict[str, Value]] = {"review_every_months": "integer"}
_WHY: Final[dict[str, Value]] = {"reason": "text"}
_NEXT: Final[dict[str, Value]] = {"next_review_on": "date", **_WHY}
_HOME: Final[dict[str, Value]] = {"care_home_id": "text", "chose_other_practice": "flag", **_WHY}

_KINDS = (
    Kind(name=OPENED, about="store", meaning="the store was made, with these settings", needs=_SETTINGS),
    Kind(name=SETTINGS, about="store", meaning="the settings are these from now on", needs=_SETTINGS),
    Kind(
        name=LIST_PUBLISHED,
        about="practice",
        meaning="a selection proposed a list for the practice",
        needs={"scheme": "text", "list_date": "date", "fingerprint": "text"},
        may={"manifest": "sha256", "ranked_by": "text", "list_size": "integer", "case_managed": "integer"},
    ),
    Kind(
        name=RETURN_READ,
        about="practice",
        meaning="what the practice sent back was read",
        needs={"answers": "sha256", "accepted": "integer", "explained": "integer", "unanswered": "integer"},
    ),
    Kind(
        name=LIST_SIZE,
        about="practice",
        meaning="the registered list on a day, counted or official",
        needs={"whole": "integer"},
        may={"adults": "integer", "aged_65": "integer", "aged_75": "integer", "source": "text"},
    ),
    Kind(
        name=NOMINATED,
        about="patient",
        meaning="the practice nominated the patient",
        may={"order": "integer", "reason": "text"},
    ),
    Kind(
        name=PROPOSED,
        about="patient",
        meaning="a selection proposed case management",
        needs={"route": "text"},
        may={"rank": "integer"},
    ),
    Kind(
        name=ACCEPTED,
        about="patient",
        meaning="a person accepted the proposal",
        may={"reason": "text", "route": "text"},
        by_needed=True,
    ),
    Kind(
        name=NOT_ACCEPTED,
        about="patient",
        meaning="a person did not accept the proposal",
        needs={"reason": "text"},
        by_needed=True,
    ),
    Kind(name=PLAN_AGREED, about="patient", meaning="a care plan was agreed", may=_NEXT),
    Kind(name=PLAN_DECLINED, about="patient", meaning="the patient declined a care plan", may={"reason": "text"}),
    Kind(
        name=REVIEWED,
        about="patient",
        meaning="the care plan, or the patient's health, was reviewed",
        may=_NEXT,
    ),
    Kind(name=GP_NAMED, about="patient", meaning="the patient has this accountable GP", needs={"gp": "text"}, may=_WHY),
    Kind(
        name=PATIENT_TOLD,
        about="patient",
        meaning="the patient was told of the named GP or of the plan",
        may={"how": "text", **_WHY},
    ),
    Kind(
        name=HOME_CHANGED,
        about="patient",
        meaning="where the patient lives",
        needs={"care_home_type": "text"},
        may=_HOME,
    ),
    Kind(
        name=PRACTICE_CHANGED,
        about="patient",
        meaning="the patient came from another practice, case managed there",
        needs={"from_practice": "text"},
        may=_WHY,
    ),
    Kind(
        name=REMOVAL_PROPOSED,
        about="patient",
        meaning="a selection no longer holds the patient: a person decides",
        needs={"reason": "text"},
        may={"detail": "text", "first_proposed_on": "date"},
    ),
    Kind(name=REMOVAL_LAPSED, about="patient", meaning="the patient is selected again: no removal is left to decide"),
    Kind(
        name=REMOVAL_REJECTED,
        about="patient",
        meaning="a person keeps the patient on the caseload",
        may={"reason": "text"},
        by_needed=True,
    ),
    Kind(
        name=ENDED, about="patient", meaning="a person ended case management", needs={"reason": "text"}, by_needed=True
    ),
    Kind(
        name=MOVED, about="patient", meaning="the patient left the practice's list", may={"to_practice": "text", **_WHY}
    ),
    Kind(name=DIED, about="patient", meaning="the patient died", may=_WHY),
    Kind(name=RETURNED, about="patient", meaning="the patient is back, and case managed again", may={"reason": "text"}),
    Kind(
        name=CORRECTED,
        about="patient",
        meaning="an earlier event said this wrongly: these values hold instead",
        needs={"values": "values"},
        may={"reason": "text"},
    ),
    Kind(name=WITHDRAWN, about="patient", meaning="an earlier event did not happen", may={"reason": "text"}),
)

KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.name: kind for kind in _KINDS})

# Those that name an earlier event of the same practice in ``corrects``. They may be about any earlier event but that of
# the store, and carry its patient.
CORRECTING: Final = frozenset({CORRECTED, WITHDRAWN})
