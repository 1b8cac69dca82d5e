"""The written order among equal scores: on the caseload first, more emergency admissions, then a public hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from casemgmt.register.packing import BYTE_MISSING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register


def tie_rank(patient_id: str, key: bytes) -> tuple[bytes, bytes]:
    """What orders exact ties, smaller first: the keyed BLAKE2b (8 bytes) of the id's UTF-8, then the id's bytes."""
    raw = patient_id.encode()
    return hashlib.blake2b(raw, digest_size=8, key=key).digest(), raw


def first_of_tied(
    register: Register,
    rows: npt.NDArray[np.int64],
    groups: npt.NDArray[np.int64],
    take: npt.NDArray[np.int64],
    tie_key: str,
) -> npt.NDArray[np.bool_]:
    """Which of the tied rows are let in.

    Parameters
    ----------
    rows : packed rows, those of a group together
    groups : int64, one per row, rising from 0
    take : int64, one per group: how many are let in, fewer than the group has
    tie_key : the scheme's

    Returns
    -------
    bool, one per row
    """
    import numpy as np

    known = _known_order(register, rows)
    order = np.lexsort((known, groups))
    known, sorted_groups = known[order], groups[order]
    starts = np.searchsorted(sorted_groups, np.arange(len(take)))
    ends = np.append(starts[1:], len(rows))
    cuts = starts + take
    inside = np.zeros(len(rows), dtype=bool)
    inside[order] = np.arange(len(rows)) < cuts[sorted_groups]
    # Only where the last one in and the first one out are alike so far does the hash decide.
    undecided = np.flatnonzero(known[cuts - 1] == known[cuts])
    if not len(undecided):
        return inside
    low = np.array([starts[g] + np.searchsorted(known[starts[g] : ends[g]], known[cuts[g]]) for g in undecided])
    high = np.array(
        [starts[g] + np.searchsorted(known[starts[g] : ends[g]], known[cuts[g]], "right") for g in undecided]
    )
    same = order[np.concatenate([np.arange(a, b) for a, b in zip(low, high, strict=True)])]
    ids = register.column("patient_id", rows[same]).to_pylist()
    key, first = tie_key.encode(), 0
    for a, b, cut in zip(low.tolist(), high.tolist(), cuts[undecided].tolist(), strict=True):
        level = same[first : first + b - a]
        ranked = _by_hash(ids[first : first + b - a], key)
        inside[level] = False
        inside[level[ranked[: cut - a]]] = True
        first += b - a
    return inside


def _by_hash(ids: Sequence[str], key: bytes) -> list[int]:
    """Positions of ids in the order of :func:`tie_rank`."""
    return sorted(range(len(ids)), key=lambda i: tie_rank(ids[i], key))


def _admissions(register: Register, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """A number that rises as emergency admissions fall, missing last; the same for all without the column."""
    import numpy as np

    if "emergency_admissions_12m" not in register.packed.slots:
        return np.zeros(len(rows), dtype=np.int64)
    codes = register.packed.codes("emergency_admissions_12m", rows).astype(np.int64)
    return np.where(codes == BYTE_MISSING, 1000, -codes)


def _known_order(register: Register, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """One number for the steps before the hash, smaller first: on the caseload, then more admissions."""
    import numpy as np

    off_caseload = ~register.packed.is_set("on_caseload", rows)
    return np.asarray(off_caseload * 10_000 + _admissions(register, rows))


def nomination_order(register: Register, rows: npt.NDArray[np.int64], tie_key: str) -> Sequence[int]:
    """Positions of ``rows`` in the order in which nominees take places: ``nomination_order``, null last, then hash."""
    has_order = "nomination_order" in register.numbers
    orders = register.column("nomination_order", rows).to_pylist() if has_order else [None] * len(rows)
    ids = register.column("patient_id", rows).to_pylist()
    key = tie_key.encode()
    return sorted(range(len(ids)), key=lambda i: (orders[i] is None, orders[i] or 0, *tie_rank(ids[i], key)))
