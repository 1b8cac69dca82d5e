"""Which coding system a column of codes is probably of, where it is not the one it was said to be; no code is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from casemgmt.codes.systems import SYSTEMS

# Of the rows, the share that must fit a system before it is named.
_FITS = 0.9
# Codes of categories that a system does not have: so many of all say that they are of another.
_MANY, _SOME, _ENOUGH_ROWS = 0.1, 0.02, 100

_ICD9 = re.compile(r"[0-9]{3}(\.?[0-9]{1,2})?|V[0-9]{2}(\.?[0-9]{1,2})?|E[0-9]{3}(\.?[0-9])?", re.IGNORECASE)
_ICD10_CM = re.compile(r"[A-Z][0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?", re.IGNORECASE)

# WHO's ICD-10 ends at C97, D89, E90, H95, K93, P96, T98 and Y98; of chapter U few categories are in use, and those are
# the commonest of OPCS-4 (imaging). OPCS-4 has no chapter I, which has an eighth of all hospital diagnoses.
_NOT_ICD10 = re.compile(r"C9[89]|D9|E9[1-9]|H9[6-9]|K9[4-9]|P9[7-9]|T99|Y99|U(?!0[46-9]|1[02]|49|8)", re.IGNORECASE)


def _is(system: str) -> Callable[[str], bool]:
    kind = SYSTEMS[system]
    return lambda text: kind.fault(text) is None


def _has_term_code(text: str) -> bool:
    return len(text) == 7 and SYSTEMS["read2"].fault(text[:5]) is None


# The strictest first: what fits one with a check digit fits it hardly by chance.
_CANDIDATES: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("SNOMED CT or dm+d", "snomedct", _is("snomedct")),
    ("ICD-9 or ICD-9-CM, which is not read here", "", lambda text: _ICD9.fullmatch(text.strip()) is not None),
    ("OPCS-4", "opcs4", _is("opcs4")),
    ("ICD-10", "icd10", _is("icd10")),
    ("ICD-10-CM, the American modification, which is not read here", "", lambda text: bool(_ICD10_CM.fullmatch(text))),
    ("Read v2 or CTV3", "read2", _is("read2")),
    ("Read codes with their term codes: keep the first five characters", "", _has_term_code),
    ("RxNorm, or numbers of another kind", "rxnorm", _is("rxnorm")),
)
_ALIKE = {"dmd": "snomedct", "ctv3": "read2"}


def likely_system(system: str, codes: Iterable[tuple[str, int]]) -> str:
    """`` They look like SNOMED CT.`` with its leading space, or nothing where no system fits.

    Parameters
    ----------
    system : what the codes were said to be
    codes : distinct codes and the rows of each
    """
    found = list(codes)
    if said := _fitting(system, found):
        return f" They look like {said}."
    odd = [(code, count) for code, count in found if SYSTEMS[system].fault(code) is not None]
    said = _fitting(system, odd)
    return f" Those that are not look like {said}." if said else ""


def _fitting(system: str, found: list[tuple[str, int]]) -> str:
    """The first other system that nearly all the rows fit; empty where there is none."""
    rows = sum(count for _, count in found)
    for said, key, fits in _CANDIDATES:
        if key == _ALIKE.get(system, system):
            continue
        if rows and sum(count for code, count in found if fits(code)) >= _FITS * rows:
            return said
    return ""


def is_of_another(system: str, codes: Iterable[tuple[str, int]]) -> str | None:
    """Of which system codes are that have the form of the one said, and categories that it does not have; or None."""
    found = list(codes)
    rows = sum(count for _, count in found)
    of_circulation = sum(count for code, count in found if code[:1] in "Ii")
    if system == "icd10":
        foreign = sum(count for code, count in found if _NOT_ICD10.match(code))
        none_of_i = not of_circulation and rows >= _ENOUGH_ROWS
        if foreign > _MANY * rows or (none_of_i and foreign > _SOME * rows):
            external = sum(count for code, count in found if code[:1] in "EeVv")
            return "ICD-9 or ICD-9-CM" if external >= _FITS * rows else "OPCS-4"
    if system == "opcs4" and of_circulation > _SOME * rows:
        return "ICD-10"
    return None
