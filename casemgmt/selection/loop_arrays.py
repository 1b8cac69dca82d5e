"""The arrays that the choosing loops take and put out, grouped by what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from casemgmt.register.lookup import Columns, Tables

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    # What ranks a row, as a whole number of a model's tables or of a given score.
    Key: TypeAlias = np.int32 | np.int64
    Keys: TypeAlias = npt.NDArray[Key]


class ScoreSource(NamedTuple):
    """What ranks: either tables to add up, or one float a packed row.

    ``given`` holds the bits of those floats, and is empty otherwise; where it does, the tables add up to more than
    0 for whoever is not ranked, which the loops see from the conditions a row meets.

    ``no_score``, ``lowest`` and ``floor`` are whole numbers of the keys' type.
    """

    columns: Columns
    tables: Tables
    given: Keys
    no_score: Key
    lowest: Key
    floor: Key


class RouteArrays(NamedTuple):
    """The routes that look at a score, one entry each, and the bits of the others.

    ``bit`` is the place of the route in the scheme; ``low`` and ``high`` the keys of a band, both inclusive;
    ``denominator`` the bit that is counted; ``direct`` the routes that need no score. Bits from ``first_counted`` on
    are counted.
    """

    bit: npt.NDArray[np.int64]
    is_share: npt.NDArray[np.int64]
    low: npt.NDArray[np.int64]
    high: npt.NDArray[np.int64]
    denominator: npt.NDArray[np.int64]
    numerator: npt.NDArray[np.int64]
    divisor: npt.NDArray[np.int64]
    round_up: npt.NDArray[np.int64]
    include_tied: npt.NDArray[np.int64]
    direct: np.uint32
    ranked_bit: np.uint32
    list_bit: int
    first_counted: int


class AlwaysKeep(NamedTuple):
    """Which rows are kept whatever they score.

    Those with any of ``bits`` and, where ``unscored`` is 1, the ranked without a score.
    """

    bits: np.uint32
    unscored: np.uint32


class Rule(NamedTuple):
    """What decides in every practice: the routes, and each practice's official list size, or -1 where it is counted.

    ``no_score`` is the key of a row without a score.
    """

    routes: RouteArrays
    list_sizes: npt.NDArray[np.int64]
    always_keep: AlwaysKeep
    no_score: Key


class PracticeCandidates(NamedTuple):
    """The candidates of one practice: ``size`` rows of the outcome from ``first`` on.

    Every row of the practice that has a score and ranks from ``guess`` on is among them. ``eligible`` says of each
    score route how many rows of the whole practice have its bit and a score.
    """

    first: int
    size: int
    guess: Key
    eligible: npt.NDArray[np.int64]


class Outcome(NamedTuple):
    """What choosing puts out: per practice, and for the rows that matter, at the start of each practice's stretch.

    ``starts`` (practices + 1) says where in the rows' arrays the stretches begin. ``counts`` (practices, bits);
    ``places``, ``cut``, ``tied``, ``taken`` (practices, score routes): the key of the lowest let in, how many have it,
    and how many of those are let in (``taken`` 0: nobody). ``member`` and ``at_cut`` hold one bit a route: let in, or
    tied at a cut that not all of them pass.
    """

    counts: npt.NDArray[np.int64]
    unscored: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    cut: npt.NDArray[np.int64]
    tied: npt.NDArray[np.int64]
    taken: npt.NDArray[np.int64]
    emitted: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int32]
    keys: Keys
    member: npt.NDArray[np.uint32]
    at_cut: npt.NDArray[np.uint32]


class FilteredRows(NamedTuple):
    """Room for the rows that a filter lets through, one longer than there can be; and counts of all that it saw.

    ``counts`` (practices, counted): the bits from ``RouteArrays.first_counted`` on, then the ranked without a score,
    then the eligible of each score route.
    """

    rows: npt.NDArray[np.int32]
    keys: Keys
    bits: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.int64]
