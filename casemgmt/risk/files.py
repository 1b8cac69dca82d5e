"""Reading a model folder: ``model.toml`` with its tables, and ``vectors.csv``, which must agree with it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt.errors import ModelError, did_you_mean, listed, must_be, plural, unknown_name
from casemgmt.risk.additive import LINKS
from casemgmt.risk.bands import ScoreBand
from casemgmt.risk.fitting.record import Fitting
from casemgmt.risk.fitting.record_file import FITTING_FILE, fitting_of
from casemgmt.risk.inputs import KINDS, ModelInput, millionths
from casemgmt.risk.model import Model
from casemgmt.risk.pairs import PairInput, PairSide
from casemgmt.risk.sections import (
    MODEL_WORDS,
    Section,
    amount_or,
    input_name,
    list_of,
    one_of,
    plain_text,
    survival,
    table_of,
    whole,
    yes_or_no,
)
from casemgmt.rule_files import (
    MODEL_BYTES,
    VECTORS_BYTES,
    is_folder,
    path_of,
    read_text,
    read_toml,
    shown_path,
)

if TYPE_CHECKING:
    from casemgmt.annotations import Estimator

MODEL_FILE, VECTORS_FILE = "model.toml", "vectors.csv"
RULES_FILE = "rules.toml"  # how a model's inputs follow from coded records, where someone has written it down
MOST_INPUTS = 2_000  # the largest shipped has 109
MOST_MODELS = 50  # that take scores from each other

TABLES = ("model", "input")
MODEL_KEYS = (
    *MODEL_WORDS,
    *("link", "intercept", "horizon_days", "baseline_survival", "centre", "floor", "divide_by", "bands"),
    "demonstration",
    "calibrated_in",
)
OF_EVERY_INPUT = ("name", "label", "kind", "missing")
# The keys of each kind of input beside these: those it needs, and those it may have.
INPUT_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "flag": (("value",), ("superseded_by",)),
    "integer": (("from", "table"), ("below", "reference")),
    "category": (("values",), ("other",)),
    "number": (("edges", "closed", "table"), ()),
    "score": (("model", "edges", "closed", "table"), ()),
    "pair": (("of", "table"), ("edges_first", "edges_second", "missing_first", "missing_second")),
}
# Of any kind: a misspelt key is said to be one, whatever else is missing.
_EVERY_KEY = tuple(
    dict.fromkeys((*OF_EVERY_INPUT, *(key for of in INPUT_KEYS.values() for keys in of for key in keys)))
)
BAND_KEYS = ("name", "above", "at_least", "below", "at_most")


def load_model(source: str | Path | Estimator) -> Model:
    """A model, read from its folder and checked against its own test vectors.

    Parameters
    ----------
    source : the name of a shipped model, or the path of a model folder: a ``Path``, or text with a separator in it; or
        a fitted estimator that :func:`casemgmt.tabulate` was given

    Raises
    ------
    ModelError : there is no such model, or the estimator was not tabulated; the file says something it may not say or
        leaves something out; or its vectors disagree with it or leave a cell of a table untouched

    Examples
    --------
    >>> cm.load_model("cambridge-multimorbidity-20")
    <Model cambridge-multimorbidity-20 1.0: 20 inputs, points>
    """
    if not isinstance(source, (str, Path)):
        from casemgmt.risk.fitting.remembered import model_of

        return model_of(source)
    return _load(_folder_of(source), (), [])


def list_models() -> list[str]:
    """The names of the shipped models, in alphabetical order.

    Examples
    --------
    >>> cm.list_models()[:2]
    ['cambridge-multimorbidity-20', 'charlson']
    """
    shipped = _shipped_folder()
    return sorted(folder.name for folder in shipped.iterdir() if (folder / MODEL_FILE).is_file())


def _shipped_folder() -> Path:
    """The folder of shipped models: inside an installed package, beside the package in a source tree."""
    package = Path(__file__).resolve().parent.parent
    installed, source_tree = package / "shipped_models", package.parent / "models"
    if installed.is_dir():
        return installed
    if (package.parent / "pyproject.toml").is_file() and source_tree.is_dir():
        return source_tree
    raise ModelError("The shipped models are not in this installation. Install the package again.")


def model_folder(name: str) -> Path:
    """The folder of a shipped model.

    Raises
    ------
    ModelError : there is no shipped model of that name
    """
    return _folder_of(name)


def _folder_of(source: str | Path, beside: Path | None = None) -> Path:
    path_of(source, ModelError, "A model")
    if isinstance(source, str) and not any(mark in source for mark in ("/", os.sep, os.altsep or os.sep)):
        shipped = list_models()
        if source not in shipped:
            remedy = "For a folder of your own, give a Path or a text with a separator, such as './my-model'."
            raise unknown_name("model", source, shipped, remedy=remedy, error=ModelError)
        return _shipped_folder() / source
    folder = Path(source) if beside is None else beside / source
    if not is_folder(folder):
        raise ModelError(
            f"There is no model folder '{shown_path(folder)}'. A model is a folder that holds {MODEL_FILE}."
        )
    return folder


def _load(folder: Path, within: tuple[Path, ...], loaded: list[Path]) -> Model:
    from casemgmt.risk.vectors import check_vectors

    here = folder.resolve()
    if here in within:
        raise ModelError(f"{folder}: the model takes its own score as an input, directly or through another model.")
    loaded.append(here)
    if len(loaded) > MOST_MODELS:
        raise ModelError(f"{folder}: more than {MOST_MODELS} models take scores from each other.")
    text = _read(folder / MODEL_FILE, MODEL_BYTES)
    vectors_text = _read(folder / VECTORS_FILE, VECTORS_BYTES)
    path = shown_path(folder / MODEL_FILE)
    content = read_toml(text, path, ModelError, "model file")
    top = Section(content, path)
    top.only(TABLES)
    head = top.section("model")
    tables = top.tables("input")
    if len(tables) > MOST_INPUTS:
        raise ModelError(f"{path}: has {len(tables):,} inputs; {MOST_INPUTS:,} is the most.")
    inputs = [_input_section(top, table, number) for number, table in enumerate(tables, start=1)]
    nested = {
        section.words("name"): _load(
            section.checked("model", lambda name: _folder_of(plain_text(name), folder)), (*within, here), loaded
        )
        for section in inputs
        if section.values["kind"] == "score"
    }
    single = {id(section): _input_of(top, section, nested) for section in inputs if section.values["kind"] != "pair"}
    built = tuple(single.get(id(section)) or _pair_of(top, section, [*single.values()]) for section in inputs)
    fitting = _fitting_beside(folder)
    model = head.built(lambda: _model_of(head, built, nested, text, vectors_text, fitting))
    if here.parent == _shipped_folder() and model.name != folder.name:
        raise must_be("name", f"the folder's name, '{folder.name}'", place=str(path), error=ModelError)
    check_vectors(model, str(folder / VECTORS_FILE))
    return model


def _read(path: Path, most: int) -> str:
    if not os.path.lexists(path):
        raise ModelError(f"{shown_path(path)}: is missing. A model folder holds {MODEL_FILE} and {VECTORS_FILE}.")
    return read_text(path, ModelError, most, "model file")


def _fitting_beside(folder: Path) -> Fitting | None:
    """How the model came about, where a fit has written it down."""
    path = folder / FITTING_FILE
    if not os.path.lexists(path):
        return None
    return fitting_of(read_text(path, ModelError, MODEL_BYTES, "record of a fit"), str(shown_path(path)))


def _input_section(top: Section, table: dict[str, object], number: int) -> Section:
    name = table.get("name")
    at = f"input '{name}'" if isinstance(name, str) and name.strip() else f"input {number}"
    section = Section(table, f"{top.where}: {at}")
    if "name" not in table or "kind" not in table:
        section.only(_EVERY_KEY)
    input_name(section)
    kind = section.checked("kind", one_of(*KINDS))
    needed, may_have = INPUT_KEYS[kind]
    section.only((*OF_EVERY_INPUT, *needed, *may_have))
    return section


def _common_of(section: Section) -> dict[str, Any]:
    name, kind = section.words("name"), section.values["kind"]
    return {
        "name": name,
        "kind": kind,
        "label": section.optional("label", plain_text) or name.replace("_", " ").capitalize(),
        "missing": section.checked("missing", amount_or(*(("absent",) if kind == "flag" else ()), "no score")),
    }


def _pair_of(top: Section, section: Section, others: Sequence[ModelInput]) -> PairInput:
    """A pair, whose two inputs are among the model's ``others``."""
    names, by_name = section.checked("of", list_of(plain_text)), {each.name: each for each in others}
    if len(names) != 2:
        raise ModelError(f"{section.where}: key 'of' must name two inputs.")
    for name in names:
        if name not in by_name:
            near = did_you_mean(name, list(by_name))
            raise ModelError(f"{section.where}: key 'of' names '{name}', which is no other input of the model.{near}")
    amounts = list_of(millionths)
    edges = [tuple(section.optional(key, amounts) or ()) for key in ("edges_first", "edges_second")]
    rows = section.checked("table", list_of(amounts))
    common = _common_of(section)

    def built() -> PairInput:
        first, second = (
            section.built(partial(PairSide, input=by_name[name], edges=own))
            for name, own in zip(names, edges, strict=True)
        )
        pair = PairInput(
            **common,
            sides=(first, second),
            table=tuple(amount for row in rows for amount in row),
            missing_first=tuple(section.optional("missing_first", amounts) or ()),
            missing_second=tuple(section.optional("missing_second", amounts) or ()),
        )
        if any(len(row) != pair.shape[1] for row in rows):
            raise ModelError(f"{section.where}: key 'table' must have {plural(pair.shape[1], 'value')} in each row.")
        return pair

    return top.built(built)


def _input_of(top: Section, section: Section, nested: Mapping[str, Model]) -> ModelInput:
    name, kind = section.words("name"), section.values["kind"]
    common = _common_of(section)
    amounts = list_of(millionths)
    own: dict[str, Any]
    match kind:
        case "flag":
            own = {
                "table": (0, section.checked("value", millionths)),
                "superseded_by": tuple(section.optional("superseded_by", list_of(plain_text)) or ()),
            }
        case "integer":
            own = {
                "first": section.checked("from", whole),
                "table": tuple(section.checked("table", amounts)),
                "below": section.optional("below", one_of("first", "no score")),
                "reference": section.optional("reference", whole),
            }
        case "category":
            values = Section(section.checked("values", table_of), f"{section.where}: values")
            own = {
                "categories": tuple(values.values),
                "table": tuple(values.checked(category, millionths) for category in values.values),
                "other": section.optional("other", amount_or("no score")),
            }
        case _:
            own = {
                "edges": tuple(section.checked("edges", amounts)),
                "closed": section.checked("closed", one_of("left", "right")),
                "table": tuple(section.checked("table", amounts)),
            }
    if kind == "score":
        own |= {"model": section.words("model"), "scale": nested[name].divide_by}
    # The input's own errors begin with its name, which the section's place holds too.
    return top.built(lambda: ModelInput(**common, **own))


def _model_of(
    head: Section,
    inputs: tuple[ModelInput, ...],
    nested: Mapping[str, Model],
    text: str,
    vectors_text: str,
    fitting: Fitting | None,
) -> Model:
    head.only(MODEL_KEYS)
    divide_by = head.optional("divide_by", whole)
    return Model(
        **{key: head.words(key) for key in MODEL_WORDS},
        recalibration=None,
        fitting=fitting,
        link=head.checked("link", one_of(*LINKS)),
        intercept=head.checked("intercept", millionths),
        horizon_days=head.optional("horizon_days", whole),
        baseline_survival=head.optional("baseline_survival", survival),
        centre=head.optional("centre", millionths),
        floor=head.optional("floor", millionths),
        divide_by=1 if divide_by is None else divide_by,
        bands=tuple(_band_of(head, table, number) for number, table in enumerate(_bands(head), start=1)),
        demonstration=bool(head.optional("demonstration", yes_or_no)),
        calibrated_in=tuple(head.optional("calibrated_in", list_of(plain_text)) or ()),
        inputs=inputs,
        nested=nested,
        text=text,
        vectors_text=vectors_text,
    )


def _bands(head: Section) -> list[dict[str, object]]:
    return head.optional("bands", list_of(table_of)) or []


def _band_of(head: Section, table: dict[str, object], number: int) -> ScoreBand:
    section = Section(table, f"{head.where}: band {number}")
    section.only(BAND_KEYS)
    for pair in (("above", "at_least"), ("below", "at_most")):
        if all(key in table for key in pair):
            raise ModelError(f"{section.where}: keys {listed(pair)} say the same edge twice. Keep one.")
    above, at_least = (section.optional(key, millionths) for key in ("above", "at_least"))
    below, at_most = (section.optional(key, millionths) for key in ("below", "at_most"))
    return ScoreBand(
        name=section.words("name"),
        lower=above if at_least is None else at_least,
        lower_included=at_least is not None,
        upper=below if at_most is None else at_most,
        upper_included=at_most is not None,
    )
