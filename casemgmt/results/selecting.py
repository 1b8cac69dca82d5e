"""Selecting: a register, a scheme and a score become the lists of each practice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from casemgmt import arguments
from casemgmt.errors import InputError
from casemgmt.register.register import Register
from casemgmt.results.selection import Selection
from casemgmt.results.tables import SelectionTables
from casemgmt.selection.choosing import Asked, OverCap, check_arguments, gather, workings_of
from casemgmt.selection.earlier import read_ended
from casemgmt.selection.expected import LIST_SIZE_WITHIN, Expected
from casemgmt.selection.nominations import read_nominations

if TYPE_CHECKING:
    from casemgmt.register.limits import Share
    from casemgmt.results.published import PublishedSelection
    from casemgmt.risk.explain import Reference
    from casemgmt.risk.model import Model
    from casemgmt.scanned.scanning import ScannedRegister
    from casemgmt.scheme.routes import Scheme
    from casemgmt.selection.choosing import Gathered


@arguments.checked(over_cap=arguments.text, reference=arguments.text)
def select(
    register: Register | ScannedRegister,
    scheme: Scheme,
    *,
    model: Model | None = None,
    score: Any = None,
    over_cap: OverCap = "error",
    list_sizes: Mapping[str, int] | None = None,
    previous: Selection | PublishedSelection | None = None,
    ended: Any = None,
    nominations: Any = None,
    reference: Reference = "base",
    allow_demonstration: bool = False,
    allow_missing_practices: bool | Iterable[str] = False,
    list_size_within: Share | None = LIST_SIZE_WITHIN,
    max_quarantined: Share | None = None,
    max_corrected: Share | None = None,
    threads: int | None = None,
) -> Selection:
    """Select patients in each practice by a scheme, ranked by a model or by given scores.

    Parameters
    ----------
    register : from :func:`casemgmt.read_register` or :func:`casemgmt.scan_register`
    scheme : from :func:`casemgmt.load_scheme`
    model : ranks by this model's score
    score : ranks by these values instead (neither is needed by a scheme that ranks nobody): a column's name; one value
        a source row in source order (a pandas Series is matched on its index, which ``register.to_pandas()`` has too);
        or scores keyed by patient id, as a mapping, or as a frame with ``patient_id`` and one column more. NaN, null,
        masked values and infinities mean no score, and so does an id that is not among those given. Whole numbers
        above 2**53 are refused, and one value far from all others that several people have, as 999 for "no score", is
        warned of. A scheme with a band on risk takes them as risks from 0 to 1
    over_cap : what happens when a practice nominates more patients than it has places: ``error`` raises once for all
        practices, ``queue`` fills the places in ``nomination_order`` and lets the rest wait
    list_sizes : official list size of each practice, used instead of counted rows as the whole-list denominator
    previous : an earlier selection; its case-managed patients and those whom it proposed for removal are on the
        caseload, beside those whom the register's ``on_caseload`` names, and ``removals()`` lists whoever is on the
        caseload and not selected again, month after month until somebody decides
    ended : whose case management a person has ended since: a mapping of patient ids to reasons, or a table (or its
        file) with ``patient_id`` and ``reason``. They are off the caseload and proposed for removal no more
    nominations : what practices have sent back of their nominations, laid over those of the register: a mapping of
        patient ids to the place in the order, or a table (or its file) with ``patient_id``, and ``nominated``,
        ``nomination_order`` and ``practice_id`` where they are known; see :meth:`casemgmt.Returns.nominations`
    reference : what the reasons are held against: the ``base`` of each of the model's tables (absent, none), or the
        average of the ranked patients of the ``practice``
    allow_demonstration : rank by a demonstration model though the register is not marked synthetic
    allow_missing_practices : practices of ``list_sizes`` or ``previous`` that may have no accepted row in the register;
        True: any of them
    list_size_within : share of an official list size by which the rows on the list may differ from it, of practices of
        20 people or more: ``"10%"``, ``"1/10"`` or 0.1; None: by anything
    max_quarantined, max_corrected : shares of the register beyond which it is refused, by default those that it was
        read with; see :func:`casemgmt.read_register`
    threads : how many to use on large registers; the result does not depend on it

    Returns
    -------
    Selection

    Raises
    ------
    InputError
        A column that scheme, model or score needs is missing; scores that cannot be used; a demonstration model on a
        register that is not marked synthetic; too many rows quarantined or values corrected; a practice that vanished;
        a list size far from its rows; an earlier selection of whose people few are in the register.
    CapExceededError
        More nominations than places, under ``over_cap="error"``.
    """
    check_arguments(scheme, model, score, over_cap, reference)
    if previous is not None and not isinstance(previous, SelectionTables):
        raise InputError("previous: give a selection, from cm.select or cm.load_selection.")
    asked = Asked(
        scheme=scheme,
        model=model,
        score=score,
        over_cap=over_cap,
        reference=reference,
        expected=Expected.of(list_sizes, previous, allow_missing_practices, list_size_within),
        ended=read_ended(ended),
        nominations=read_nominations(nominations),
        allow_demonstration=allow_demonstration,
        max_quarantined=max_quarantined,
        max_corrected=max_corrected,
        threads=threads,
    )
    return Selection(workings_of(_gathered(register, asked), asked))


def _gathered(register: Any, asked: Asked) -> Gathered:
    """The rows that can matter, of a register that is held whole, or read a part at a time."""
    if isinstance(register, Register):
        return gather(register, asked)
    from casemgmt.scanned.scanning import ScannedRegister
    from casemgmt.selection.in_parts import gather_in_parts

    if not isinstance(register, ScannedRegister):
        raise InputError("register: read it first, with cm.read_register(…, as_of=…).")
    return gather_in_parts(register, asked)
