"""Rules that make a flag of several conditions, as small dataclasses or a TOML file: data, not expressions."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casemgmt.codes.codelist import CONDITION_NAME
from casemgmt.codes.windows import Window, window_of
from casemgmt.errors import CodeError, InputError, missing_key, unknown_key, unknown_name
from casemgmt.rule_files import MODEL_BYTES, path_of, read_text, read_toml, shown_path

MOST_ROWS = 10_000
SEEN_KEYS = ("condition", "at_least", "within", "first_within", "later_than")
RULE_KEYS = ("name", "all", "any", "unless")


@dataclass(frozen=True, slots=True)
class Seen:
    """What must be seen of one condition's codes in a patient's record, up to the list date.

    Attributes
    ----------
    condition : a condition of a code list
    at_least : in how many rows
    within : the look-back window that those rows lie in; None for ever
    first_within : the window in which the patient's very first such row must lie
    later_than : another condition, of which every row must lie before the latest of this one

    Examples
    --------
    >>> cm.Seen("analgesic", at_least=4, within="12 months")
    Seen(condition='analgesic', at_least=4, within=Window(length=12, unit='month'), first_within=None, later_than=None)
    """

    condition: str
    at_least: int = 1
    within: Window | str | None = None
    first_within: Window | str | None = None
    later_than: str | None = None

    def __post_init__(self) -> None:
        """Read the windows; refuse what no record can meet or say."""
        if not all(
            isinstance(name, str) for name in (self.condition, "" if self.later_than is None else self.later_than)
        ):
            raise CodeError("condition and later_than are names of conditions, such as 'gout'.")
        if isinstance(self.at_least, bool) or not isinstance(self.at_least, int) or not 1 <= self.at_least <= MOST_ROWS:
            raise CodeError(f"'{self.condition}': at_least is a whole number from 1 to {MOST_ROWS:,}.")
        for name in ("within", "first_within"):
            try:
                object.__setattr__(self, name, window_of(getattr(self, name), name))
            except InputError as problem:
                raise CodeError(f"'{self.condition}': {problem}") from None
        if self.first_within is not None and (self.within is not None or self.at_least > 1):
            raise CodeError(f"'{self.condition}': first_within stands alone, without within and at_least.")
        if self.later_than == self.condition:
            raise CodeError(f"'{self.condition}': later_than names the condition itself.")

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions that must be in the code lists."""
        return (self.condition,) if self.later_than is None else (self.condition, self.later_than)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A flag: all of some things seen, at least one of others, and none of the exclusions.

    Rules of one name are alternatives: the flag is true where any of them holds.

    Attributes
    ----------
    name : the flag; it takes the place of a condition of the same name
    all : each must be seen
    any : where there are some, at least one must be seen
    unless : none may be seen

    Examples
    --------
    >>> cm.Rule(name="asthma", all=(cm.Seen("asthma_code"), cm.Seen("asthma_drug", within="12 months"))).conditions
    ('asthma_code', 'asthma_drug')
    """

    name: str
    all: tuple[Seen, ...] = ()
    any: tuple[Seen, ...] = ()
    unless: tuple[Seen, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a rule that asks for nothing, or whose name is no column's."""
        if not isinstance(self.name, str) or not CONDITION_NAME.fullmatch(self.name):
            raise CodeError(f"rule '{self.name}': a name is small letters, digits and underscores, a letter first.")
        for part in ("all", "any", "unless"):
            given = getattr(self, part)
            seen = (given,) if isinstance(given, Seen) else tuple(given) if isinstance(given, Iterable) else (given,)
            if not all_are_seen(seen):
                raise CodeError(f"rule '{self.name}': '{part}' holds Seen(…) alone.")
            object.__setattr__(self, part, seen)
        if not self.all and not self.any:
            raise CodeError(f"rule '{self.name}' asks for nothing: give all or any.")

    @property
    def seen(self) -> tuple[Seen, ...]:
        """Everything that the rule looks at."""
        return (*self.all, *self.any, *self.unless)

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions that must be in the code lists, each once."""
        return tuple(dict.fromkeys(name for each in self.seen for name in each.conditions))


def all_are_seen(values: Sequence[object]) -> bool:
    """Whether all are of the one kind that a rule holds."""
    return all(isinstance(each, Seen) for each in values)


def load_rules(source: str | Path) -> tuple[Rule, ...]:
    """The rules of a TOML file, in its order.

    Parameters
    ----------
    source : the path of a file: a ``Path``, or text with a separator or ``.toml`` in it; or the name of a shipped model
        that says how its inputs follow from coded records, such as ``"cambridge-multimorbidity-20"``

    .. code-block:: toml

        [[rule]]
        name   = "asthma"
        all    = [{ condition = "asthma_code" }, { condition = "asthma_drug", within = "12 months" }]
        unless = [{ condition = "asthma_resolved", later_than = "asthma_code" }]

    Raises
    ------
    CodeError
        There is no such file, or it says something a rule may not say. The message names the rule and the key.
    """
    path = _path_of(source)
    where = shown_path(path)
    content = read_toml(read_text(path, CodeError, MODEL_BYTES, "file of rules"), where, CodeError, "file of rules")
    tables = content.get("rule")
    if set(content) != {"rule"} or not isinstance(tables, list):
        raise CodeError(f"{where}: a file of rules holds tables [[rule]], and nothing else.")
    rules = tuple(_rule(table, f"{where}: rule {number}") for number, table in enumerate(tables, 1))
    check_repeats(rules)
    return rules


def _path_of(source: str | Path) -> Path:
    path_of(source, CodeError, "A file of rules")
    if isinstance(source, Path) or source.endswith(".toml") or "/" in source or os.sep in source:
        return Path(source)
    from casemgmt.risk.files import RULES_FILE, list_models, model_folder

    shipped = [name for name in list_models() if (model_folder(name) / RULES_FILE).is_file()]
    if source not in shipped:
        remedy = "For a file of your own, give a Path or a text that ends in .toml."
        raise unknown_name("model with rules", source, shipped, remedy=remedy, error=CodeError)
    return model_folder(source) / RULES_FILE


def check_repeats(rules: Sequence[Rule]) -> None:
    """Refuse a rule that stands twice; rules of one name that differ are alternatives."""
    seen = set[Rule]()
    for rule in rules:
        if rule in seen:
            raise CodeError(f"the rule '{rule.name}' is written twice.")
        seen.add(rule)


def _rule(table: object, where: str) -> Rule:
    values = _table(table, RULE_KEYS, where)
    if "name" not in values:
        raise missing_key("name", place=where, error=CodeError)
    where = f"{where} ('{values['name']}')"
    parts = {key: _seen_list(values[key], f"{where}: {key}") for key in RULE_KEYS[1:] if key in values}
    try:
        return Rule(name=values["name"], **parts)
    except CodeError as problem:
        raise CodeError(f"{where}: {problem}") from None


def _seen_list(tables: object, where: str) -> tuple[Seen, ...]:
    if not isinstance(tables, list):
        raise CodeError(f'{where}: write a list, such as [{{ condition = "asthma_code" }}].')
    found = []
    for table in tables:
        values = _table(table, SEEN_KEYS, where)
        if not isinstance(values.get("condition"), str):
            raise missing_key("condition", place=where, error=CodeError)
        try:
            found.append(Seen(**values))
        except CodeError as problem:
            raise CodeError(f"{where}: {problem}") from None
    return tuple(found)


def _table(table: object, known: Sequence[str], where: str) -> Mapping[str, Any]:
    if not isinstance(table, dict):
        raise CodeError(f"{where}: write a table, such as {{ condition = 'asthma_code' }}.")
    for key in table:
        if key not in known:
            raise unknown_key(where, key, known, error=CodeError)
    return table
