"""The rule for one count: 1 to 7 is suppressed, anything else is rounded to the nearest 5."""

from __future__ import annotations

SUPPRESS_UP_TO = 7
ROUND_TO = 5

SUPPRESSED = f"1–{SUPPRESS_UP_TO}"
WITHHELD = "withheld"
SMALL = (1, SUPPRESS_UP_TO)


def suppress(count: int) -> int | None:
    """The count to publish: None for 1 to 7, otherwise the nearest multiple of 5."""
    if 1 <= count <= SUPPRESS_UP_TO:
        return None
    return (count + ROUND_TO // 2) // ROUND_TO * ROUND_TO


def behind(published: int | None) -> tuple[int, int]:
    """The least and the greatest true count that is published so."""
    if published is None:
        return SMALL
    if published == 0:
        return 0, 0
    return max(published - ROUND_TO // 2, SUPPRESS_UP_TO + 1), published + ROUND_TO // 2


def tells(known: tuple[int, int]) -> bool:
    """Whether what is known of a count says more than that it is small: a part of 1 to 7."""
    return known[0] >= SMALL[0] and known[1] <= SMALL[1] and known != SMALL
