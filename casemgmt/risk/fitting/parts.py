"""People divided into parts so that nobody's practice, or nobody's other rows, stand on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def parts_of(rows: int, groups: npt.ArrayLike | None, parts: int, seed: int) -> npt.NDArray[np.int64]:
    """The part, from 0, of each row: whole groups, dealt out at random so that the parts are about as large.

    Parameters
    ----------
    rows : how many
    groups : one label a row; None where each row is a group of its own
    parts : how many parts
    seed : the same seed and the same labels give the same parts
    """
    import numpy as np

    if groups is None:
        group, sizes = np.arange(rows), np.ones(rows, dtype=np.int64)
    else:
        _, group, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
        group = group.reshape(-1)
    dealt = np.random.default_rng(seed).permutation(len(sizes))
    if len(sizes) > 50 * parts:
        part = np.empty(len(sizes), dtype=np.int64)
        part[dealt] = np.arange(len(sizes)) % parts
        return np.asarray(part[group])
    # A few large groups: the largest first, each into the part that is smallest so far.
    part, held = np.zeros(len(sizes), dtype=np.int64), np.zeros(parts, dtype=np.int64)
    for number in sorted(dealt, key=lambda each: -int(sizes[each])):
        part[number] = int(held.argmin())
        held[part[number]] += sizes[number]
    return np.asarray(part[group])
