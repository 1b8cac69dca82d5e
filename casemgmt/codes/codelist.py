"""Code lists: which codes make which conditions, read from files that say where they come from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, get_args

from casemgmt import arguments
from casemgmt.codes.refusals import unknown_system, wrong_list
from casemgmt.codes.systems import SYSTEMS, CodingSystem
from casemgmt.errors import CodeError, did_you_mean, plural

Match = Literal["exact", "prefix"]
MATCHES: tuple[Match, ...] = get_args(Match)
CONDITION_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a code list.

    Attributes
    ----------
    code : a code of the list's system, or the beginning of codes, in the system's one written form
    condition : what a patient with the code has; the name of the flag
    match : ``exact`` for this code alone, ``prefix`` for every code that begins so
    term : what the code means, for people
    """

    code: str
    condition: str
    match: Match = "exact"
    term: str = ""


@dataclass(frozen=True, kw_only=True)
class CodeList:
    """Codes of one coding system, each with the condition or conditions that it makes.

    Attributes
    ----------
    name : what messages call the list; of a file, its stem
    system : the coding system, a key of :data:`casemgmt.codes.systems.SYSTEMS`
    entries : the lines, in the order of the file, none twice
    title, source, version, licence : what the list says of itself; empty where it does not say

    Examples
    --------
    >>> from casemgmt.codes.codelist import Entry
    >>> gout = cm.CodeList(name="gout", system="icd10", entries=(Entry("M10", "gout", "prefix"),))
    >>> gout.conditions_of("M10.9")
    ('gout',)
    """

    name: str
    system: str
    entries: tuple[Entry, ...]
    title: str = ""
    source: str = ""
    version: str = ""
    licence: str = ""

    def __post_init__(self) -> None:
        """Write every code in its system's one form; refuse all that are none at once."""
        if not isinstance(self.system, str):
            raise wrong_list(self.name, "its system is text, such as 'snomedct'")
        if self.system not in SYSTEMS:
            raise unknown_system(f"code list '{self.name}'", self.system, list(SYSTEMS))
        if not isinstance(self.entries, (tuple, list)):
            raise wrong_list(self.name, "its entries are a tuple of Entry(code, condition)")
        if not self.entries:
            raise CodeError(f"code list '{self.name}' is empty.")
        if not all(isinstance(each, Entry) for each in self.entries):
            raise wrong_list(self.name, "each of its entries is an Entry(code, condition)")
        faults = [(number, fault) for number, each in enumerate(self.entries, 1) if (fault := self._fault(each))]
        if faults:
            raise CodeError(faults_text(f"code list '{self.name}'", "entry", faults))
        # Two ways of writing one code, such as I10 and I10X, are one entry.
        kept: dict[tuple[str, str, str], Entry] = {}
        for each in self.entries:
            code = self._written(each)
            kept.setdefault((code, each.condition, each.match), replace(each, code=code))
        object.__setattr__(self, "entries", tuple(kept.values()))

    def _fault(self, entry: Entry) -> str | None:
        return entry_fault(self.kind, entry.code, entry.condition, entry.match)

    def _written(self, entry: Entry) -> str:
        write = self.kind.normalise if entry.match == "exact" else self.kind.normalise_prefix
        return write(entry.code)

    def __repr__(self) -> str:
        """Counts and names only."""
        return (
            f"<CodeList {self.name}: {plural(len(self.entries), 'entry', 'entries')} of {self.system}, "
            f"{plural(len(self.conditions), 'condition')}>"
        )

    @property
    def kind(self) -> type[CodingSystem]:
        """The coding system as a type."""
        return SYSTEMS[self.system]

    @cached_property
    def conditions(self) -> tuple[str, ...]:
        """The conditions, in the order in which the file first names them."""
        return tuple(dict.fromkeys(each.condition for each in self.entries))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of system, codes, conditions and matches, whatever the order, line ends and terms of the file."""
        lines = sorted(f"{each.code}\t{each.condition}\t{each.match}\n" for each in self.entries)
        return hashlib.sha256(f"{self.system}\n{''.join(lines)}".encode()).hexdigest()

    @cached_property
    def _exact(self) -> Mapping[str, tuple[str, ...]]:
        return _grouped([each for each in self.entries if each.match == "exact"])

    @cached_property
    def _prefixes(self) -> Mapping[str, tuple[str, ...]]:
        return _grouped([each for each in self.entries if each.match == "prefix"])

    def conditions_of_written(self, code: str) -> tuple[str, ...]:
        """The conditions that a code in its one written form makes, in the list's order."""
        arguments.text(code, "code")
        found = set(self._exact.get(code, ()))
        for length in range(1, len(code) + 1):
            found.update(self._prefixes.get(code[:length], ()))
        return tuple(name for name in self.conditions if name in found) if found else ()

    def conditions_of(self, code: str) -> tuple[str, ...]:
        """The conditions that a code makes; none where no entry matches it.

        Raises
        ------
        CodeError
            If the text is no code of the list's system.
        """
        return self.conditions_of_written(self.kind.normalise(code))

    def __or__(self, other: CodeList) -> CodeList:
        """Both lists as one; they must be of one coding system."""
        if not isinstance(other, CodeList):
            return NotImplemented
        if self.system != other.system:
            raise CodeError(
                f"code lists '{self.name}' ({self.system}) and '{other.name}' ({other.system}) are of different coding "
                "systems. Give derive_conditions both, each with the events of its own system."
            )
        joined = {key: _joined(getattr(self, key), getattr(other, key)) for key in ("source", "version", "licence")}
        return CodeList(
            name=f"{self.name} + {other.name}",
            system=self.system,
            entries=self.entries + other.entries,
            title=_joined(self.title, other.title),
            **joined,
        )

    def only(self, *conditions: str) -> CodeList:
        """The list with these conditions alone."""
        if not conditions:
            raise CodeError("only: name at least one condition of the list.")
        self._require(arguments.texts(conditions, "conditions"))
        return replace(self, entries=tuple(each for each in self.entries if each.condition in conditions))

    @arguments.checked(names=arguments.text_mapping)
    def renamed(self, names: Mapping[str, str]) -> CodeList:
        """The list with some conditions under other names; two that get one name become one."""
        arguments.values_by_name(names, "names")
        self._require(tuple(names))
        entries = (replace(each, condition=names.get(each.condition, each.condition)) for each in self.entries)
        return replace(self, entries=tuple(entries))

    def _require(self, conditions: Sequence[str]) -> None:
        for name in conditions:
            if name not in self.conditions:
                near = did_you_mean(name, self.conditions)
                raise CodeError(f"code list '{self.name}' has no condition '{name}'.{near}")


def entry_fault(kind: type[CodingSystem], code: Any, condition: str, match: str) -> str | None:
    """Why a line is no entry of a list of that system; None where it is one."""
    if not CONDITION_NAME.fullmatch(condition):
        return f"condition '{condition}' is no name: write small letters, digits and underscores, a letter first"
    if match not in MATCHES:
        return f"match '{match}' is neither exact nor prefix"
    if match == "exact":
        reason = kind.fault(code)
        return None if reason is None else f"code '{code}': {reason}"
    try:
        kind.normalise_prefix(code)
    except CodeError as error:
        return f"code '{code}': {error}"
    return None


def faults_text(where: str, unit: str, faults: Sequence[tuple[int, str]], most: int = 10) -> str:
    """One message for all the wrong lines of a list. Codes of a list are no patient's, and are shown."""
    lines = [f"  {unit} {number}: {fault}" for number, fault in faults[:most]]
    if len(faults) > most:
        lines.append(f"  and {len(faults) - most:,} more")
    return f"{where}: {plural(len(faults), 'line')} cannot be used:\n" + "\n".join(lines)


def _grouped(entries: Sequence[Entry]) -> dict[str, tuple[str, ...]]:
    grouped: dict[str, list[str]] = {}
    for each in entries:
        grouped.setdefault(each.code, []).append(each.condition)
    return {code: tuple(names) for code, names in grouped.items()}


def _joined(one: str, other: str) -> str:
    return one if one == other or not other else f"{one}; {other}" if one else other
