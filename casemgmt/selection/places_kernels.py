"""The places of a share route in the compiled loops: a ceiling rounds down, a floor up, in whole numbers throughout.

The rule is :meth:`casemgmt.scheme.shares.Share.places`; the NumPy twin is in :mod:`casemgmt.selection.plain`.
"""

from __future__ import annotations

from casemgmt.compiling import compiled_within


@compiled_within
def places_of(routes, s, size):
    """The places of share route ``s`` among ``size`` people, in whole numbers."""
    part = size * routes.numerator[s]
    if routes.round_up[s]:
        return -(-part // routes.divisor[s])
    return part // routes.divisor[s]


@compiled_within
def denominator_of(routes, s, p, counts, list_sizes):
    """How many people route ``s`` takes its share of in practice ``p``."""
    if list_sizes[p] >= 0 and routes.denominator[s] == routes.list_bit:
        return list_sizes[p]
    return counts[p, routes.denominator[s]]
