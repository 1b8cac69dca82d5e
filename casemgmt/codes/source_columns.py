"""Which columns of a source are ours: by our names, by those that a user gave, or by those of the NHS."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from casemgmt.errors import InputError, listed, missing_columns

# Before the name of each column of codes of a wide table.
WIDE = "code of "
DATE_NAMES = dict.fromkeys(("ADMISSION_DATE", "ADMIDATE", "EPISTART"), "date")

# opertn_01, OPERTN_4_01 (HES), procedure_1.
_PROCEDURE = re.compile(r"(opertn(?:_[34])?|proc(?:edure)?|opcs_?4?)_?([0-9]{1,2})", re.IGNORECASE)
# diag_01, DIAG_4_01 (HES, four characters), diag1, diagnosis_1, ICD10_01.
_DIAGNOSIS = re.compile(r"(diag(?:nosis)?(?:_[34])?|icd_?10)_?([0-9]{1,2})", re.IGNORECASE)


def found_columns(
    present: Sequence[str],
    columns: Mapping[str, str],
    known_as: Mapping[str, str],
    needed: Sequence[str],
    optional: Sequence[str],
) -> dict[str, str]:
    """The source's name → ours, of the columns to read.

    Parameters
    ----------
    present : the source's columns
    columns : the source's name → ours, as the user said
    known_as : other names, in capitals → ours

    Raises
    ------
    InputError
        A column that is missing (all are named at once), or that two columns could be.
    """
    if absent := [name for name in columns if name not in present]:
        raise missing_columns(absent, present, "columns=")
    ours = {columns.get(name, name): name for name in present if name not in columns}
    ours |= {our: name for name, our in columns.items()}
    ours |= by_other_names(present, ours, {*needed, *optional}, known_as)
    wide = [] if "code" in ours or "code" not in needed else diagnosis_columns(present)
    missing = [name for name in needed if name not in ours and not (wide and name == "code")]
    if missing:
        error = missing_columns(missing, present, "this call")
        raise InputError(
            f"{error} In build_register, whose columns= speak of the demographics, and for one of several sources: "
            "Events(source, columns={…}), from casemgmt.codes.events."
        )
    wanted = {ours[name]: name for name in (*needed, *optional) if name in ours}
    return wanted | {name: f"{WIDE}{name}" for name in wide}


def by_other_names(
    present: Sequence[str], ours: Mapping[str, str], asked: set[str], known_as: Mapping[str, str]
) -> dict[str, str]:
    """Our name → the source's, of columns that are there under another name that is understood."""
    found: dict[str, list[str]] = {}
    taken = set(ours.values()) & {name for our, name in ours.items() if our in asked}
    for name in present:
        our = known_as.get(name.strip().upper())
        if our in asked and our not in ours and name not in taken:
            found.setdefault(our, []).append(name)
    for our, names in found.items():
        if len(names) > 1:
            raise InputError(
                f"Columns {listed(names)} could each be '{our}'. Say which with "
                f"columns={{'its name in your data': '{our}'}}."
            )
    return {our: names[0] for our, names in found.items()}


def code_columns(present: Sequence[str], names: Mapping[str, str], asked: str | Sequence[str]) -> str | Sequence[str]:
    """The column or columns that hold codes: those asked for, or those of a wide table where there is no such column.

    Parameters
    ----------
    names : our name → the source's
    asked : the column of lists, or the columns of one code each; ``diagnoses`` and ``procedures`` may be a wide table
    """
    if not isinstance(asked, str) or asked in names or asked in present:
        return asked
    pattern = {"diagnoses": _DIAGNOSIS, "procedures": _PROCEDURE}.get(asked)
    return (diagnosis_columns(present, pattern) or asked) if pattern is not None else asked


def diagnosis_columns(present: Sequence[str], pattern: re.Pattern[str] = _DIAGNOSIS) -> list[str]:
    """The columns of a wide table of codes, in the order of their numbers; none where there is no such table.

    Raises
    ------
    InputError
        Two families of such columns, such as three and four characters of each code.
    """
    families: dict[str, list[tuple[int, str]]] = {}
    for name in present:
        matched = pattern.fullmatch(name.strip())
        if matched:
            families.setdefault(matched[1].casefold(), []).append((int(matched[2]), name))
    if len(families) > 1:
        first = [sorted(each)[0][1] for each in families.values()]
        raise InputError(f"Several families of columns hold codes: those of {listed(first)}. Leave all but one out.")
    found = [sorted(each) for each in families.values()]
    if found and len({number for number, _ in found[0]}) < len(found[0]):
        raise InputError(f"Two columns of codes have one number: {listed(name for _, name in found[0])}.")
    return [name for _, name in found[0]] if found else []
