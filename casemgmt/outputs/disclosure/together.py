"""What a practice's figures tell together, in one publication and beside earlier ones of the same register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from casemgmt.outputs.disclosure.kinds import TooManyKindsError
from casemgmt.outputs.disclosure.suppression import behind
from casemgmt.outputs.disclosure.whole_numbers import Worlds
from casemgmt.outputs.disclosure.worlds import Publication, add_practice, are_related, hides_something


def tell_together(practice: str, new: Publication, before: Sequence[Publication]) -> bool:
    """Whether a small count of a practice follows from a new publication, alone or beside earlier ones.

    The reader knows the scheme files, and the exact list size too: list sizes are published elsewhere.
    """
    beside = others_beside(practice, new, before)
    if any(each.equity for each in beside):
        return True  # groups of the same people by another rule are told: who is in by one and not by the other follows
    of_reviews = any("due" in row for row in new.rows[practice])
    if not (beside or of_reviews or are_related(new.scheme)):
        return False  # the chain of places, which is looked at before, is all there is
    everything = [*beside, new]
    if not any(hides_something(each.rows[practice]) for each in everything):
        return False
    try:
        return _tell(practice, everything)
    except TooManyKindsError:
        pass
    try:
        return any(_tell(practice, [each, new]) for each in beside or [new])
    except TooManyKindsError:
        return bool(beside) or of_reviews


def others_beside(practice: str, new: Publication, before: Sequence[Publication]) -> list[Publication]:
    """The earlier publications of a practice that say something else than the new one."""
    return [each for each in before if practice in each.rows and not _says_the_same(each, new, practice)]


def _says_the_same(one: Publication, other: Publication, practice: str) -> bool:
    """Whether both say the same of what both tell: then the two together say what the longer one says."""
    if one.scheme != other.scheme or one.ranked_by != other.ranked_by:
        return False
    names = ("list_size", "met", "used", "due", "done")
    pairs = zip(one.rows[practice], other.rows[practice], strict=True)
    return all(a[name] == b[name] for a, b in pairs for name in names if name in a and name in b)


def _tell(practice: str, publications: Sequence[Publication]) -> bool:
    if _follows(practice, publications):
        return True
    # Whether the places that are kept are those of one caseload, the publications do not say.
    others = [replace(each, caseload=number) for number, each in enumerate(publications)]
    kept = sum(each.scheme.keeps_places for each in publications)
    return kept > 1 and _follows(practice, others)


def _follows(practice: str, publications: Sequence[Publication]) -> bool:
    """Whether some small count follows, where equal numbers of caseloads are of one caseload."""
    ranges = [behind(each.rows[practice][0]["list_size"]) for each in publications]
    for size in range(max(low for low, _ in ranges), min(high for _, high in ranges) + 1):
        worlds = Worlds()
        cells = add_practice(worlds, practice, size, publications).cells
        if worlds.tells([cell for each in cells for cell in each]) is not None:
            return True
    return False
