"""A scheme compiled for one register: each condition a bit, each score route a few whole numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.ages import ages, reference_date
from casemgmt.errors import InputError, SchemeError
from casemgmt.register.cleaning import distinct_values
from casemgmt.register.columns import NO_DAY
from casemgmt.register.fields import FALSE_WHEN_MISSING, FIELDS, Field
from casemgmt.register.lookup import Columns, TableBuilder, Tables, answers_by_code
from casemgmt.register.packing import BYTE_MISSING
from casemgmt.register.ranked import LISTABLE, RANKED
from casemgmt.register.values import read_value
from casemgmt.scheme.conditions import Condition, Where
from casemgmt.scheme.routes import Band, Everyone, Nominated, Review, Scheme, TopShare
from casemgmt.selection.loop_arrays import RouteArrays
from casemgmt.selection.risks import inside

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register

MOST_BITS = 31


class Bits(NamedTuple):
    """Which bit says what; routes come first, in file order, then those that are not counted."""

    caseload: int
    listable: int
    ranked: int
    on_list: int
    objected: int
    unknown_age: int
    denominators: dict[Where, int]
    total: int


class Plan(NamedTuple):
    """A scheme compiled for a register."""

    bits: Bits
    conditions: tuple[Columns, Tables]
    score_routes: tuple[int, ...]


def compile_scheme(scheme: Scheme, register: Register, risks: npt.NDArray[np.float64] | None = None) -> Plan:
    """Compile a scheme's conditions to look-up tables over a register.

    Parameters
    ----------
    risks : in packed order, where they are given beside the scores: a band on risk is then a condition of its own

    Raises
    ------
    InputError
        A required column is missing, or an age on another date is asked for without dates of birth.
    """
    import numpy as np

    register.require(scheme.required, f"the scheme '{scheme.id}'")
    denominators: dict[Where, int] = {}
    first = len(scheme.routes)
    caseload, listable, ranked, on_list, objected, unknown_age = range(first, first + 6)
    rules = _Rules(register)
    rules.require_flag(caseload, "on_caseload", True)
    rules.require_flag(on_list, "on_list", True)
    rules.require_flags(listable, LISTABLE)
    rules.require_flags(ranked, RANKED)
    rules.require_flags(objected, (*LISTABLE, ("objected", True)))
    rules.require_flag(unknown_age, "on_list", True)
    rules.require(unknown_age, "age", lambda value: value is None)
    for place, route in enumerate(scheme.routes):
        rules.require_flags(place, RANKED if isinstance(route, (TopShare, Band)) else LISTABLE)
        match route:
            case TopShare():
                rules.require_where(place, route.among)
            case Band() | Everyone() | Review():
                rules.require_where(place, route.where)
            case Nominated():
                rules.require_flag(place, "nominated", True)
        if isinstance(route, Band) and route.on == "risk" and risks is not None:
            rules.require_cells(place, inside(route.edges, risks))
        if isinstance(route, (TopShare, Nominated)) and not route.of.is_everyone and route.of not in denominators:
            bit = first + 6 + len(denominators)
            denominators[route.of] = bit
            rules.require_flag(bit, "on_list", True)
            rules.require_where(bit, route.of)
    denominators[Where()] = on_list
    count = first + 5 + len(denominators)
    if count > MOST_BITS:
        raise SchemeError(
            f"scheme '{scheme.id}' asks {count} separate questions of a patient; {MOST_BITS} is the most."
        )
    bits = Bits(caseload, listable, ranked, on_list, objected, unknown_age, denominators, count)
    score_routes = tuple(i for i, route in enumerate(scheme.routes) if isinstance(route, (TopShare, Band)))
    builder = TableBuilder(register.packed, np.uint32, np.bitwise_and, 2**32 - 1)
    rules.write(builder)
    return Plan(bits, builder.build(), score_routes)


def route_arrays(scheme: Scheme, plan: Plan, band_keys: dict[int, tuple[int, int]]) -> RouteArrays:
    """The routes as arrays; ``band_keys`` gives each band's lowest and highest key."""
    import numpy as np

    rows: list[tuple[int, ...]] = []
    for place in plan.score_routes:
        route = scheme.routes[place]
        if isinstance(route, TopShare):
            share = route.reach
            denominator = plan.bits.denominators[route.of]
            numbers = (
                share.fraction.numerator,
                share.fraction.denominator,
                share.limit == "at_least",
                route.include_tied,
            )
            rows.append((place, 1, 0, 0, denominator, *numbers))
        else:
            rows.append((place, 0, *band_keys[place], 0, 0, 1, 0, 0))
    direct = sum(1 << i for i in range(len(scheme.routes)) if i not in plan.score_routes)
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 9)
    columns = dict(zip(RouteArrays._fields, table.T.copy(), strict=False))
    return RouteArrays(
        **columns,
        direct=np.uint32(direct),
        ranked_bit=np.uint32(plan.bits.ranked),
        list_bit=plan.bits.on_list,
        first_counted=plan.bits.on_list,
    )


def meets(condition: Condition, value: Any) -> bool:
    """Whether a cleaned value meets a condition; a missing one never does, unless the field says what it means."""
    if value is None and condition.field in FALSE_WHEN_MISSING:
        value = False
    if value is None:
        return False
    if condition.allowed is not None:
        return value in condition.allowed
    if condition.flag is not None:
        return bool(value) is condition.flag
    return condition.edges is not None and condition.edges.contains(value)


def _as_if_missing(condition: Condition, _: object) -> bool:
    """The answer for a column that the register does not hold."""
    return meets(condition, None)


class _Rules:
    """Gathers, column by column, what each bit requires."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._packed: dict[str, dict[int, list[Callable[[object], bool]]]] = defaultdict(lambda: defaultdict(list))
        self._cells: list[tuple[int, npt.NDArray[np.bool_]]] = []

    def require_flags(self, bit: int, flags: Iterable[tuple[str, bool]]) -> None:
        for name, state in flags:
            self.require_flag(bit, name, state)

    def require_flag(self, bit: int, name: str, state: bool) -> None:
        if name in self._register.packed.slots:
            self._packed[name][bit].append(lambda value: bool(value) is state)
        elif state:  # a flag the register does not hold is false for everyone
            self._packed["on_list"][bit].append(lambda value: False)

    def require(self, bit: int, name: str, test: Callable[[object], bool]) -> None:
        self._packed[name][bit].append(test)

    def require_cells(self, bit: int, met: npt.NDArray[np.bool_]) -> None:
        """What has been worked out for each packed row."""
        self._cells.append((bit, met))

    def require_where(self, bit: int, where: Where) -> None:
        for condition in where.conditions:
            name = condition.field
            if name == "age" and condition.on != "as_of":
                self._require_age(bit, condition)
            elif name in self._register.packed.slots and name in FIELDS:
                self._packed[name][bit].append(partial(meets, condition))
            elif name in self._register.column_names:
                self._cells.append((bit, _met_by_column(self._register, condition)))
            else:
                self._packed["on_list"][bit].append(partial(_as_if_missing, condition))

    def _require_age(self, bit: int, condition: Condition) -> None:
        import numpy as np

        register = self._register
        if "date_of_birth" not in register.days:
            raise InputError(f"An age on another date ({condition.on}) needs the column 'date_of_birth'.")
        born = register.days["date_of_birth"]
        known = (born != NO_DAY) & (register.packed.codes("age") != BYTE_MISSING)
        years = ages(np.where(known, born, 0).astype(np.int32), reference_date(condition.on, register.as_of))
        distinct, where = np.unique(years, return_inverse=True)
        met = np.array([meets(condition, int(age)) for age in distinct], dtype=bool)[where]
        self._cells.append((bit, met & known))

    def write(self, builder: TableBuilder) -> None:
        everything = 2**32 - 1
        for name, by_bit in self._packed.items():

            def allowed(value: object, by_bit: Mapping[int, Sequence[Callable[[object], bool]]] = by_bit) -> int:
                refused = sum(1 << bit for bit, tests in by_bit.items() if not all(test(value) for test in tests))
                return everything & ~refused

            builder.add_field(name, answers_by_code(name, self._register.packed.slots[name], allowed))
        for bit, met in self._cells:
            builder.add_cells(met.astype("int32"), (everything & ~(1 << bit), everything))


def _met_by_column(register: Register, condition: Condition) -> npt.NDArray[np.bool_]:
    """Where a carried column, or a text field, meets a condition."""
    import numpy as np
    import pyarrow as pa

    indices, distinct = distinct_values(pa.chunked_array([register.column(condition.field)]))
    answers = [_carried_meets(condition, value) for value in distinct]
    return np.asarray(np.array([*answers, meets(condition, None)], dtype=bool)[indices])


def _carried_meets(condition: Condition, value: object) -> bool:
    if condition.flag is not None:
        reading = read_value(Field(name=condition.field, kind="flag", missing=""), value, date_format=None, last_day=0)
        return reading.value is not None and bool(reading.value) is condition.flag
    if condition.edges is not None and isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return False
    return meets(condition, value)
