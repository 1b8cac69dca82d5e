"""Places: how many people a route has room for in each practice, and who takes the places of a nominated one.

A share rounds down for a ceiling and up for a floor: :meth:`casemgmt.scheme.shares.Share.places` is the rule, and
:mod:`casemgmt.selection.places_kernels` the same in the compiled loops.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING, Literal

from casemgmt.errors import CapExceededError, InputError, listed, plural
from casemgmt.scheme.routes import Nominated, Scheme
from casemgmt.selection.ties import nomination_order

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register
    from casemgmt.selection.loop_arrays import Outcome
    from casemgmt.selection.plan import Plan
    from casemgmt.selection.running import Emitted

OverCap = Literal["error", "queue"]


def official_sizes(register: Register, scheme: Scheme, list_sizes: Mapping[str, int] | None) -> npt.NDArray[np.int64]:
    """Each practice's official list size; -1 where rows are counted."""
    import numpy as np

    if list_sizes is None:
        return np.full(len(register.practices), -1, dtype=np.int64)
    missing = [practice for practice in register.practices if practice not in list_sizes]
    if missing:
        raise InputError(f"list_sizes has no figure for {plural(len(missing), 'practice')}: {listed(missing)}.")
    partial = [route.name for route in scheme.routes if hasattr(route, "of") and not route.of.is_everyone]
    if partial:
        raise InputError(
            f"list_sizes gives whole lists, and {plural(len(partial), 'route')} ({listed(partial)}) has a denominator "
            "of part of the list. Leave list_sizes out, and the register is counted."
        )
    sizes = [list_sizes[practice] for practice in register.practices]
    wrong = sum(not is_list_size(n) for n in sizes)
    if wrong:
        raise InputError(f"list_sizes: {plural(wrong, 'figure')} that is not a whole number of people.")
    return np.array(sizes, dtype=np.int64)


def is_list_size(figure: object) -> bool:
    """Whether a figure is a whole number of people."""
    return isinstance(figure, Real) and not isinstance(figure, bool) and float(figure) >= 0 and figure % 1 == 0


def nominated_places(scheme: Scheme, plan: Plan, out: Outcome, official: npt.NDArray[np.int64]) -> dict[int, list[int]]:
    """The places of each nominated route, by practice."""
    caps = {}
    for i, route in enumerate(scheme.routes):
        if isinstance(route, Nominated):
            counted = out.counts[:, plan.bits.denominators[route.of]].tolist()
            sizes = [n if given < 0 else given for n, given in zip(counted, official.tolist(), strict=True)]
            caps[i] = [route.share.places(size) for size in sizes]
    return caps


def give_places(
    register: Register,
    scheme: Scheme,
    found: Emitted,
    caps: Mapping[int, list[int]],
    over_cap: OverCap,
) -> tuple[npt.NDArray[np.int8], list[tuple[int, int]]]:
    """The route whose place each row uses (-1: none), and (route, row) of everyone who waits; clears their bit."""
    import numpy as np

    practice, rows, member = found.practice, found.rows, found.member
    place = np.full(len(rows), -1, dtype=np.int8)
    queue: list[tuple[int, int]] = []
    exceeded: list[tuple[str, str, int, int]] = []
    for i, route in enumerate(scheme.routes):
        mask = np.uint32(1 << i)
        if isinstance(route, Nominated):
            needing = np.flatnonzero((member & mask != 0) & (place < 0))
            needed = np.bincount(practice[needing], minlength=len(register.practices))
            over = [p for p in np.flatnonzero(needed).tolist() if needed[p] > caps[i][p]]
            if over and over_cap == "error":
                exceeded += [(register.practices[p], route.name, int(needed[p]), caps[i][p]) for p in over]
            elif over:
                for p in over:
                    own = needing[practice[needing] == p]
                    order = nomination_order(register, rows[own], scheme.tie_key)
                    waiting = own[order[caps[i][p] :]]
                    member[waiting] &= ~mask
                    queue += [(i, int(row)) for row in rows[waiting]]
        if route.counts_as == "case_management":
            fresh = (member & mask != 0) & (place < 0)
            place += fresh.view(np.int8) * np.int8(i + 1)  # from -1 on; a masked copy takes ten times as long
    if exceeded:
        raise _cap_exceeded(exceeded)
    return place, queue


def _cap_exceeded(exceeded: list[tuple[str, str, int, int]]) -> CapExceededError:
    lines = [
        f"  {practice}: {plural(count, 'nomination')} for {plural(places, 'place')} ({route})"
        for practice, route, count, places in exceeded
    ]
    return CapExceededError(
        f"{plural(len({practice for practice, *_ in exceeded}), 'practice')} nominated more patients than the cap "
        "allows (those already in by an earlier route are not counted):\n"
        + "\n".join(lines)
        + '\n  Withdraw nominations, or use over_cap="queue" with a nomination_order.'
    )
