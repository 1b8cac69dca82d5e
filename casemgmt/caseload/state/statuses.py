"""The words for where a patient stands."""

from __future__ import annotations

from typing import Final

PROPOSED, MANAGED = "proposed", "managed"
NOT_ACCEPTED, ENDED, MOVED, DIED = "not accepted", "ended", "moved", "died"
ON_CASELOAD: Final = (PROPOSED, MANAGED)
LEFT: Final = (NOT_ACCEPTED, ENDED, MOVED, DIED)
