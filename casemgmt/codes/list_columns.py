"""Which column of a downloaded code list holds the codes, and which the terms, whatever they are called."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from casemgmt.codes.systems import CodingSystem
from casemgmt.errors import CodeError, did_you_mean, listed

# In the name of a column of codes, which may have the form of a Read code itself.
_OF_A_HEADER = re.compile("code|read|icd|opcs|ctv|snomed|dmd", re.IGNORECASE)
# What downloads call the words beside the codes; compared without regard to case.
_TERMS = ("name", "description", "ctv3preferredtermdesc", "dmd_name", "preferred_term", "display")


def told_by_content(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    columns: Mapping[str, str],
    kind: type[CodingSystem],
    where: str,
) -> dict[str, str]:
    """The file's column name → ours, of what its content says: nothing where a column is called ``code``.

    Raises
    ------
    CodeError
        No column, or more than one, holds a code of the system in every line, or the first line does as well. Names are
        shown, and no value.
    """
    names = {columns.get(name, name) for name in header}
    if "code" in names:
        return {}
    free = [place for place, name in enumerate(header) if name not in columns and header.count(name) == 1 and name]
    whole = [cells for cells in rows if len(cells) == len(header)]
    found = [
        header[place] for place in free if whole and all(kind.fault(cells[place].strip(" ")) is None for cells in whole)
    ]
    remedy = "Name it with columns={'its name in the file': 'code'}."
    if len(found) > 1:
        raise CodeError(
            f"{where}: no column 'code', and each of {listed(found)} holds {kind.system} codes in every line. {remedy}"
        )
    if not found:
        hint = did_you_mean("code", [name for name in header if name])
        raise CodeError(
            f"{where}: no column 'code'.{hint} Columns found: {listed(header)}, none of which holds a "
            f"{kind.system} code in every line. {remedy}"
        )
    if kind.fault(found[0]) is None and not _OF_A_HEADER.search(found[0]):
        raise CodeError(
            f"{where}: the first line is taken for the names of the columns, and holds a {kind.system} code, which "
            "would be lost. Write a first line above it, such as code,term; if it is the name of the column, say so "
            "with columns={'its name in the file': 'code'}."
        )
    terms = [name for name in header if name.casefold() in _TERMS and name not in columns and name != found[0]]
    return {found[0]: "code"} | ({terms[0]: "term"} if len(terms) == 1 and "term" not in names else {})
