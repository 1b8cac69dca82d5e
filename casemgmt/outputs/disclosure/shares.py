"""How the people of two shares of one ranking lie to each other, for one who knows the rules and not the caseload."""

from __future__ import annotations

from casemgmt.scheme.routes import TopShare


def holds_share(inner: TopShare, outer: TopShare, *, one_caseload: bool) -> bool:
    """Whether whoever is in by the first share is in by the second.

    By a share with ``keep_within`` nobody is in from beyond it. Who is on the caseload is not known: such a share holds
    the people of no other than one that keeps places for the same caseload within as much.
    """
    if not _same_line(inner, outer) or (inner.include_tied and not outer.include_tied):
        return False
    if outer.keep_within is None:
        return _in_step(inner, outer) and inner.reach.fraction <= outer.share.fraction
    kept_alike = inner.keep_within is not None and inner.reach.fraction == outer.reach.fraction
    alike = one_caseload and kept_alike and inner.share.limit == outer.share.limit
    return alike and inner.share.fraction <= outer.share.fraction


def stands_within(one: TopShare, keeping: TopShare) -> bool:
    """Whether whoever is in by a share stands among as many as ``keep_within`` of the second gives."""
    near = _same_line(one, keeping) and _in_step(one, keeping) and not one.include_tied
    return near and keeping.keep_within is not None and one.reach.fraction <= keeping.keep_within.fraction


def _same_line(a: TopShare, b: TopShare) -> bool:
    return (a.of, a.among) == (b.of, b.among)


def _in_step(a: TopShare, b: TopShare) -> bool:
    """Whether of one share the second limit never gives fewer places than the first."""
    return b.share.limit in (a.share.limit, "at_least")
