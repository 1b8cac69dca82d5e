"""What a scheme asks of a caseload over time: whom to tell by when, its register test, and what it pays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Literal

from casemgmt.errors import SchemeError, listed, must_be
from casemgmt.scheme.conditions import EVERYONE, Condition, Edges, Where
from casemgmt.scheme.payments import CERTAINTY, Payment, read_payments
from casemgmt.scheme.shares import Share, one_of
from casemgmt.scheme.tables import Table, within

ListPart = Literal["whole", "adults", "aged_65", "aged_75"]

MOST_DAYS_TO_TELL = 366
RULES_KEYS = ("source", "certainty", "tell_within_days", "register_test", "payment")
TEST_KEYS, TEST_MAY_HAVE = ("share", "of", "declined_counts", "leavers_count"), ("beside", "needs")
NEEDS = ("plan", "named_gp")


def _aged(years: int) -> Where:
    return Where(conditions=(Condition(field="age", edges=Edges(at_least=Fraction(years))),))


# The parts of a list whose sizes are recorded with a caseload, by who is in them.
PARTS: Final[dict[Where, ListPart]] = {
    EVERYONE: "whole",
    _aged(18): "adults",
    _aged(65): "aged_65",
    _aged(75): "aged_75",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterTest:
    """How large the register must be.

    Attributes
    ----------
    share : the least share, of the patients in ``of``
    of : everyone on the list, or those of 18, of 65 or of 75 and over
    declined_counts : whether who declined a plan counts all the same
    leavers_count : whether who died or moved in the period that is tested counts
    beside : routes whose patients are on the register beside those who are counted
    needs : what else a patient needs to count: ``plan``, agreed or declined; ``named_gp``
    """

    share: Share
    of: Where
    declined_counts: bool
    leavers_count: bool
    beside: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a ceiling, needs that nobody knows of, and people whose number no list size says."""
        for each in self.needs:
            one_of("needs", each, NEEDS)
        if self.share.limit != "at_least":
            raise must_be("limit", '"at_least": a register test is a floor', error=SchemeError)
        if self.of not in PARTS:
            what = "{} for everyone on the list, or { age = { at_least = 18 } }, 65 or 75: those sizes are recorded"
            raise must_be("of", what, error=SchemeError)

    @property
    def part(self) -> ListPart:
        """The size of the list that the register is divided by: ``whole``, ``adults``, ``aged_65`` or ``aged_75``."""
        return PARTS[self.of]

    def describe(self) -> str:
        """``at least 1.8% of those with age at least 18``."""
        people = self.of.describe() if self.of.is_everyone else f"those with {self.of.describe()}"
        return f"{self.share.describe()} of {people}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseloadRules:
    """What a scheme asks of a caseload.

    Attributes
    ----------
    source, certainty : where the rules come from, and how sure that is: ``A`` a primary source, ``B`` a good secondary
        one, ``C`` recall, ``D`` decided here
    tell_within_days : calendar days from the day of acceptance until the patient has been told; None: none stated
    register_test : None where there is none
    payments : what is paid, in order
    """

    source: str
    certainty: str
    tell_within_days: int | None = None
    register_test: RegisterTest | None = None
    payments: tuple[Payment, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no year holds, and a payment for a test that is not stated."""
        if self.certainty not in CERTAINTY:
            raise must_be("certainty", f"one of {', '.join(CERTAINTY)}", error=SchemeError)
        days = self.tell_within_days
        if days is not None and not 0 <= days <= MOST_DAYS_TO_TELL:
            raise must_be("tell_within_days", f"from 0 to {MOST_DAYS_TO_TELL}", error=SchemeError)
        tested = any(part.condition == "register_test" for each in self.payments for part in each.instalments)
        if tested and self.register_test is None:
            raise SchemeError("an instalment asks for a register test, and there is no [caseload.register_test].")

    def check_routes(self, names: Iterable[str]) -> None:
        """Refuse routes of the register test that the scheme does not have."""
        known = set(names)
        unknown = [] if self.register_test is None else [n for n in self.register_test.beside if n not in known]
        if unknown:
            raise SchemeError(f"[caseload.register_test]: 'beside' names {listed(unknown)}, which is no route of it.")

    def describe(self) -> dict[str, str]:
        """The rules in plain words, by what they are about."""
        found = {}
        if self.tell_within_days is not None:
            found["telling"] = f"within {self.tell_within_days} days of acceptance"
        if (test := self.register_test) is not None:
            said = (
                ("patients who declined a plan", test.declined_counts),
                ("those who died or moved", test.leavers_count),
            )
            parts = [f"{who} {'count' if counted else 'do not count'}" for who, counted in said]
            parts += [f"beside those of {listed(test.beside)}"] * bool(test.beside)
            parts += [f"each with {' and '.join(test.needs).replace('_', ' ')}"] * bool(test.needs)
            found["register test"] = "; ".join([test.describe(), *parts])
        for payment in self.payments:
            shares = ", ".join(f"{each.share_text} {each.name.replace('_', ' ')}" for each in payment.instalments)
            found[payment.name.replace("_", " ")] = (
                f"£{payment.pence // 100}.{payment.pence % 100:02d} per {payment.per}{f' ({shares})' if shares else ''}"
            )
        return found | {"source": f"{self.source} (certainty {self.certainty})"}


def read_caseload_rules(values: dict[str, Any]) -> CaseloadRules:
    """The rules of a scheme's table ``[caseload]``.

    Raises
    ------
    SchemeError : it says something it may not say, or leaves something out
    """
    table = Table(values)
    table.allow(RULES_KEYS)
    test = values.get("register_test")
    if test is not None and not isinstance(test, dict):
        raise must_be("register_test", "a table, headed [caseload.register_test]", error=SchemeError)
    return CaseloadRules(
        source=table.text("source"),
        certainty=table.text("certainty"),
        tell_within_days=table.whole("tell_within_days") if "tell_within_days" in values else None,
        register_test=None if test is None else _read_test(Table(test)),
        payments=read_payments(values.get("payment", []), "caseload.payment"),
    )


def _read_test(table: Table) -> RegisterTest:
    with within("register_test"):
        table.allow((*TEST_KEYS, *TEST_MAY_HAVE))
        table.need(*TEST_KEYS)
        return RegisterTest(
            share=Share.read(table.values["share"], "at_least"),
            of=table.where("of"),
            declined_counts=table.flag("declined_counts"),
            leavers_count=table.flag("leavers_count"),
            beside=table.texts("beside") if "beside" in table.values else (),
            needs=table.texts("needs") if "needs" in table.values else (),
        )
