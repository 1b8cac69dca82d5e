"""Rows of a scanned register whose ids may be repeated, brought side by side from all of its parts and judged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from casemgmt.arrow import taken_rows
from casemgmt.register.identity import long_text
from casemgmt.register.repeats import judge_repeats, stacked
from casemgmt.register.verdicts import Verdict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.reader import CheckedPart
    from casemgmt.register.registrations import Registrations


def usable_hashes(part: CheckedPart) -> npt.NDArray[np.uint64]:
    """The hashes of ids that name somebody: the others take no part in repeats."""
    import numpy as np

    named = part.judged.verdict.names_somebody()
    hashes = part.judged.known_hashes
    return hashes if named.all() else np.asarray(hashes[named])


def judged_repeats(
    parts: Iterable[tuple[CheckedPart, int]], repeated: npt.NDArray[np.uint64], registrations: Registrations
) -> tuple[dict[int, tuple[str, str]], dict[int, int]]:
    """Judge the rows whose ids may be repeated as those of a register in memory.

    Parameters
    ----------
    parts : each part, with the row of the whole at which its file begins
    repeated : the hashes that occur more than once

    Returns
    -------
    differing : row in the whole → (field, reason), of rows that are to be set aside
    merged : row in the whole → the row that it repeats
    """
    import numpy as np

    tables, rows, reasons = [], [], []
    for part, start in parts:
        alike = np.flatnonzero(np.isin(part.judged.known_hashes, repeated))
        register, verdict = part.register, part.judged.verdict
        own = alike if register.source_row is None else register.source_row[alike]
        tables.append(taken_rows(register.source_table, alike))
        rows.append(own + start)
        reasons += [verdict.reasons[code] for code in verdict.code[alike].tolist()]
    whole, numbers = stacked(tables), np.concatenate(rows)
    verdict = Verdict(np.zeros(len(numbers), dtype=np.uint8))
    for why in sorted({why for why in reasons if why[0] in ("patient_id", "practice_id")}):
        verdict.set_aside(np.array([i for i, each in enumerate(reasons) if each == why], dtype=np.int64), *why)
    before = verdict.code.copy()
    ids = long_text(whole.column("patient_id").combine_chunks())
    judge_repeats(verdict, whole, ids, np.arange(len(numbers)), registrations)
    changed = np.flatnonzero(verdict.code != before)
    differing = {int(numbers[i]): verdict.reasons[verdict.code[i]] for i in changed}
    return differing, {int(numbers[row]): int(numbers[kept]) for row, kept in verdict.merged_into.items()}
