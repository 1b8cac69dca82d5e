"""The tables of a selection, written plainly: slow, and what the library's must equal to the byte."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from casemgmt.arrow import array_of, numpy_of, rows_of, texts
from casemgmt.risk.demonstration import DEMONSTRATION_ONLY, is_demonstration
from casemgmt.risk.inputs import LARGEST_VALUE
from casemgmt.risk.scoring import NO_SCORE_64, cells_of, sums_of
from casemgmt.risk.words import against_base, base_cell, in_words, size_in_words
from casemgmt.scheme.routes import TopShare
from casemgmt.selection.plain_rows import keys_of
from casemgmt.selection.tables import eligible_keys, review_due


def selected_table(made: Any) -> pa.Table:
    """One row a selected patient; see :meth:`casemgmt.results.selection.Selection.to_arrow`."""
    register, choice, ranking = made.register, made.choice, made.ranking
    ids = register.column("patient_id", choice.rows)
    order = _by_practice_and_id(choice.practice, ids)
    rows, keys, member = choice.rows[order], choice.keys[order], choice.member[order]
    scores = ranking.scores(keys)
    risks = ranking.risks(scores)
    routes = made.scheme.routes
    ranks = _ranks(made)[order]
    managed = choice.place[order] >= 0
    names = texts(route.name for route in routes)
    columns: dict[str, pa.Array] = {
        "practice_id": texts(register.practices).take(rows_of(choice.practice[order])),
        "patient_id": ids.take(rows_of(order)),
        "score": array_of(scores, pa.float64(), ~np.isnan(scores)),
        "risk": array_of(risks, pa.float64(), ~np.isnan(risks)),
        "rank": array_of(ranks, pa.int32(), ranks != 0),
    }
    for i, route in enumerate(routes):
        columns[route.name] = array_of(member & np.uint32(1 << i) != 0, pa.bool_())
    columns["place"] = names.take(array_of(np.maximum(choice.place[order], 0), pa.int32(), managed))
    columns["case_managed"] = array_of(managed, pa.bool_())
    columns["review_due"] = array_of(review_due(made, rows, member), pa.bool_())
    columns |= _model_columns(made, rows, np.isnan(scores))
    caution = made.model is not None and is_demonstration(made.model)
    metadata = {b"casemgmt": b'{"demonstration_only": true}'} if caution else None
    return pa.table(columns).replace_schema_metadata(metadata)


def _by_practice_and_id(practice: Any, ids: pa.Array) -> Any:
    keys = pa.table({"practice": rows_of(practice), "id": ids})
    order = numpy_of(pc.sort_indices(keys, [("practice", "ascending"), ("id", "ascending")]))
    return order.astype(np.int64)


def _ranks(made: Any) -> Any:
    """For those in a share route 1 + the number in the practice with a higher score; 0 for the others."""
    choice, routes = made.choice, made.scheme.routes
    shares = [i for i, route in enumerate(routes) if isinstance(route, TopShare)]
    mask = np.uint32(sum(1 << i for i in shares))
    inside = np.flatnonzero(choice.member & mask)
    ranks = np.zeros(len(choice.rows), dtype=np.int64)
    if any(not route.among.is_everyone for route in routes if isinstance(route, TopShare)):
        _rank_in_whole_practices(made, inside, ranks)
        return ranks
    # Everyone with a higher score than someone let in was let in as well.
    order = inside[np.lexsort((-choice.keys[inside].astype(np.int64), choice.practice[inside]))]
    practice, keys = choice.practice[order], choice.keys[order]
    first_of_practice = np.searchsorted(practice, practice, side="left")
    new_key = np.concatenate([[True], (keys[1:] != keys[:-1]) | (practice[1:] != practice[:-1])])[: len(order)]
    first_of_key = np.maximum.accumulate(np.where(new_key, np.arange(len(order)), 0))
    ranks[order] = first_of_key - first_of_practice + 1
    return ranks


def _rank_in_whole_practices(made: Any, inside: Any, ranks: Any) -> None:
    choice, everyone = made.choice, _practice_of_everyone(made.register)
    for p in np.unique(choice.practice[inside]):
        own = inside[choice.practice[inside] == p]
        keys = eligible_keys(made, np.flatnonzero(everyone == p))
        keys = np.sort(keys[keys != made.ranking.source.no_score])
        ranks[own] = 1 + len(keys) - np.searchsorted(keys, choice.keys[own], side="right")


def _model_columns(made: Any, rows: Any, unscored: Any) -> dict[str, pa.Array]:
    """How many inputs were missing, and the largest reasons; no reason for a score that is not shown."""
    model, register = made.model, made.register
    if model is None:
        nothing = pa.nulls(len(rows), pa.string())
        missing = np.zeros(len(rows), dtype=np.int64)
        reasons = [nothing, nothing, nothing]
    else:
        missing = missing_inputs(model, register, rows)
        shown, nothing = array_of(~unscored, pa.bool_()), texts([None])[0]
        reasons = [pc.if_else(shown, reason, nothing) for reason in reasons_of(model, register, rows, made.reference)]
    return {
        "inputs_missing": array_of(missing, pa.int32()),
        **{f"reason_{k + 1}": reason.cast(pa.string()) for k, reason in enumerate(reasons)},
    }


def unscored_table(made: Any) -> pa.Table:
    """Everyone listable who has not objected and has no score, and which inputs are to blame."""
    register = made.register
    packed = register.packed
    eligible = packed.is_set("on_list") & packed.is_set("present") & ~packed.is_set("objected")
    rows = np.flatnonzero(eligible & ~_scored(made))
    practice = _practice_of_everyone(register)[rows]
    ids = register.column("patient_id", rows)
    order = _by_practice_and_id(practice, ids)
    return pa.table(
        {
            "practice_id": texts(register.practices).take(rows_of(practice[order])),
            "patient_id": ids.take(rows_of(order)),
            "reason": texts(_why_unscored(made, rows[order])),
        }
    )


def _scored(made: Any) -> Any:
    register, ranking = made.register, made.ranking
    keys = keys_of(ranking.source) if ranking.model is None else sums_of(ranking.model, register)
    scored: Any = keys != NO_SCORE_64
    return scored


def _why_unscored(made: Any, rows: Any) -> list[str]:
    model, register = made.model, made.register
    if model is None or register is None:
        return ["no finite score was given"] * len(rows)
    blamed: list[list[str]] = [[] for _ in range(len(rows))]
    for each in model.inputs:
        if None in each.contributions:
            barred = [amount is None for amount in each.contributions]
            for position, cell in enumerate(cells_of(model, each, register, rows).tolist()):
                if barred[cell]:
                    blamed[position].append(each.name)
    return [f"no score without a usable value of {', '.join(names)}" for names in blamed]


def missing_inputs(model: Any, register: Any, rows: Any) -> Any:
    """How many of the model's inputs are missing, for each row."""
    count = np.zeros(len(rows), dtype=np.int64)
    for each in model.inputs:
        count += _is_missing(model, each, register, rows)
    return count


def _is_missing(model: Any, each: Any, register: Any, rows: Any) -> Any:
    """Where an input has no value, also where the register reads that as one, such as sex as U."""
    missing = cells_of(model, each, register, rows) == len(each.cells) - 1
    if each.name in register.packed.slots:
        missing |= register.packed.is_missing(each.name, rows)
    return np.asarray(missing)


def reasons_of(model: Any, register: Any, rows: Any, reference: Any = "base") -> list[pa.Array]:
    """The three largest positive contributions of each row as sentences, largest first; null where there are fewer.

    Parameters
    ----------
    rows : packed rows
    reference : what a contribution is held against: the table's ``base`` (absent, none, the youngest), or the average
        of the ranked patients of the row's ``practice``

    Notes
    -----
    Equal contributions come in the order of the model file. Amounts are compared as whole numbers.
    """
    cells = np.column_stack([cells_of(model, each, register, rows) for each in model.inputs])
    amounts = np.empty(cells.shape, dtype=np.int64)
    for place, each in enumerate(model.inputs):
        by_cell = np.array([amount or 0 for amount in each.contributions], dtype=np.int64)
        amounts[:, place] = by_cell[cells[:, place]]
    taken, people = _reference_amounts(model, register, rows, reference)
    excess = amounts * people[:, None] - taken
    own, arrays = np.arange(len(rows)), []
    for _ in range(min(3, len(model.inputs))):
        chosen = excess.argmax(axis=1)  # the first of equals: the order of the model file
        arrays.append(_sentences(model, chosen, cells[own, chosen], excess[own, chosen], people, reference))
        excess[own, chosen] = np.iinfo(np.int64).min
    return [*arrays, *[pa.nulls(len(rows), pa.string())] * (3 - len(arrays))]


def _reference_amounts(model: Any, register: Any, rows: Any, reference: Any) -> tuple[Any, Any]:
    """What is taken from each contribution, times a number of people, and that number: (rows, inputs) and (rows)."""
    if reference == "base":
        base = np.array([each.contributions[base_cell(each)] or 0 for each in model.inputs], dtype=np.int64)
        return np.broadcast_to(base, (len(rows), len(base))), np.ones(len(rows), dtype=np.int64)
    packed, everyone = register.packed, _practice_of_everyone(register)
    ranked = packed.is_set("on_list") & packed.is_set("present") & ~packed.is_set("objected")
    ranked &= sums_of(model, register) != NO_SCORE_64
    practice = everyone[rows]
    people = np.maximum(np.bincount(everyone[ranked], minlength=len(register.practices)), 1)[practice]
    taken = np.empty((len(rows), len(model.inputs)), dtype=np.int64)
    for place, each in enumerate(model.inputs):
        by_cell = np.array([amount or 0 for amount in each.contributions], dtype=np.int64)
        totals = np.zeros(len(register.practices), dtype=np.int64)
        np.add.at(totals, everyone[ranked], by_cell[cells_of(model, each, register)][ranked])
        taken[:, place] = totals[practice]
    return taken, people


def _practice_of_everyone(register: Any) -> Any:
    places = {practice: place for place, practice in enumerate(register.practices)}
    return np.array([places[practice] for practice in register.column("practice_id").to_pylist()], dtype=np.int64)


def _sentences(model: Any, chosen: Any, cells: Any, excess: Any, people: Any, reference: Any) -> pa.Array:
    """One sentence a row for its chosen input; each distinct sentence is worded once."""
    # One whole number for each sentence: the input, its cell and, for an average, the difference in thousandths.
    widest = max(len(each.cells) for each in model.inputs)
    thousandths = np.rint(excess / people / 1000).astype(np.int64) if reference == "practice" else np.int64(0)
    spread = 2 * LARGEST_VALUE // 1000 + 1
    keys = (chosen * widest + cells) * (2 * spread) + thousandths + spread
    distinct, first, where = np.unique(keys, return_index=True, return_inverse=True)
    amounts = (distinct % (2 * spread) - spread) * 1000 if reference == "practice" else excess[first]
    words, caution = [], f" ({DEMONSTRATION_ONLY})" if is_demonstration(model) else ""
    for place, cell, amount in zip(chosen[first].tolist(), cells[first].tolist(), amounts.tolist(), strict=True):
        each = model.inputs[place]
        size = size_in_words(model, amount)
        against = "the practice's average" if reference == "practice" else against_base(each)
        plain = _is_plain(model, each, reference)
        words.append(f"{in_words(each, cell)}: {size}" + ("" if plain else f" against {against}") + caution)
    return texts(words).take(array_of(where.reshape(-1), pa.int64(), excess > 0))


def _is_plain(model: Any, each: Any, reference: Any) -> bool:
    """Points against nothing need no comparison."""
    return model.link == "points" and reference == "base" and not each.contributions[base_cell(each)]
