"""What a practice must be told to be selected from alone: found once, on rows without content."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import empty_table, in_one_piece, texts
from casemgmt.dates import as_date, day_number
from casemgmt.errors import InputError, not_loaded
from casemgmt.register.cleaning import clean_column
from casemgmt.register.counts import BARRED
from casemgmt.register.fields import FIELDS, Field
from casemgmt.register.identity import ODS_PATTERN
from casemgmt.register.readable_counts import count_of
from casemgmt.register.reading import read_practice, read_register
from casemgmt.register.registrations import Registrations
from casemgmt.register.value_maps import ValueMaps
from casemgmt.results.selecting import select
from casemgmt.risk.files import MODEL_FILE, VECTORS_FILE, load_model
from casemgmt.risk.model import Model
from casemgmt.scheme.files import read_scheme_text
from casemgmt.scheme.routes import Scheme
from casemgmt.version import __version__

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.results.selection import Selection

CLEANED_KINDS = ("flag", "integer", "category", "date")
# Room above a model's folder for the folders of models whose scores it takes.
_DEPTH = 8

ModelFiles = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of every practice alike; scheme and model as the texts of their files.

    Attributes
    ----------
    version : of the library that asks; another one might answer differently
    scheme_text : of the scheme file
    model_files : (path, text) of every file of the model, those of its own folder first; empty without a model
    reading : the options of :func:`casemgmt.read_register`, without ``columns``
    choosing : the options of :func:`casemgmt.select` but for the model and the list sizes
    list_sizes : official list size of each practice, or None where rows are counted
    """

    version: str
    scheme_text: str
    model_files: ModelFiles
    reading: Mapping[str, Any]
    choosing: Mapping[str, Any]
    list_sizes: Mapping[str, int] | None

    @classmethod
    def of(
        cls,
        scheme: Scheme,
        model: Model | None,
        reading: Mapping[str, Any],
        choosing: Mapping[str, Any],
        list_sizes: Mapping[str, int] | None,
    ) -> Question:
        """The question that loaded objects ask; refuses those that were not read from a file."""
        if not isinstance(scheme, Scheme):
            raise not_loaded("scheme")
        if model is not None and not isinstance(model, Model):
            raise not_loaded("model")
        asked = cls(
            version=__version__,
            scheme_text=scheme.text,
            model_files=() if model is None else files_of(model),
            reading=reading,
            choosing=choosing,
            list_sizes=list_sizes,
        )
        for name, given, read in (("scheme", scheme, asked.scheme), ("model", model, asked.model)):
            if given != read:
                raise InputError(f"{name}: it was changed after it was read; it travels as the text of its file.")
        return asked

    @property
    def scheme(self) -> Scheme:
        """The scheme, read from its text once a process."""
        return _scheme(self.scheme_text)

    @property
    def model(self) -> Model | None:
        """The model, read from its files and checked against its vectors once a process."""
        return _model(self.model_files) if self.model_files else None

    def answer(self, register: Register) -> Selection:
        """The selection from a register, on one thread: the cores belong to whoever runs many at once.

        How much may be quarantined, which practices there must be, and whether a model's risks hold for the people, is
        asked of the whole.
        """
        model = self.model
        return select(
            register,
            self.scheme,
            model=replace(model, calibrated_in=()) if model is not None and model.calibrated_in else model,
            list_sizes=self.list_sizes,
            max_quarantined=1,
            max_corrected=1,
            list_size_within=None,
            allow_missing_practices=True,
            threads=1,
            **self.choosing,
        )

    @property
    def _days(self) -> tuple[int, int]:
        """The list date and the day of the extract, as day numbers."""
        as_of, drawn = as_date(self.reading["as_of"]), self.reading.get("extracted_on")
        return day_number(as_of), day_number(as_of if drawn is None else as_date(drawn, "extracted_on"))

    @property
    def _values(self) -> dict[str, dict[str, Any]]:
        given = self.reading.get("values") or {}
        return {name: {str(key): value for key, value in mapping.items()} for name, mapping in given.items()}

    @property
    def registrations(self) -> Registrations:
        """How to tell a patient's open registration from those that have ended."""
        return Registrations(*self._days, self._values, self.reading.get("date_format") or {})

    def value_maps(self) -> ValueMaps:
        """What tells whether ``values`` finds anything to map."""
        pattern = self.reading.get("practice_pattern") or ODS_PATTERN
        return ValueMaps(self._values, self.reading.get("date_format") or {}, pattern, self._days[1])

    def field_options(self, name: str) -> dict[str, Any]:
        """How a field's column is read."""
        return {
            "mapping": self._values.get(name),
            "date_format": (self.reading.get("date_format") or {}).get(name),
            "last_day": self._days[1],
            "times": "midnight",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A question, and what the register as a whole has to say to each of its practices.

    Attributes
    ----------
    question : what is asked
    names : the register's columns, in order, as fields are named
    practices : the practice codes that can be used, in byte order
    code_of : practice code in the source → the code it stands for; None for a missing one
    refused : practice code that cannot be used → why; None for a missing one
    unattributed : rows whose practice code cannot be used
    witness : one row without an id, every field of which can be read: it keeps a practice on the books when all its
        rows are refused, and one practice's unreadable column from being taken for the whole register's
    schemas : the columns of each table that comes back
    """

    question: Question
    names: tuple[str, ...]
    practices: tuple[str, ...]
    code_of: Mapping[str | None, str | None]
    refused: Mapping[str | None, str]
    unattributed: int
    witness: pa.Table
    schemas: Mapping[str, pa.Schema]


def with_field_names(schema: pa.Schema, columns: Mapping[str, str], reading: Mapping[str, Any]) -> pa.Schema:
    """The columns as fields are named; refuses what no register may look like, before any row is read."""
    import pyarrow as pa

    read_register(empty_table(schema), columns=columns, **reading)
    return pa.schema([(columns.get(each.name, each.name), each.type) for each in schema])


def rehearse(question: Question, schema: pa.Schema, rows_of_code: Mapping[str | None, int]) -> Job:
    """The job of selecting from a register with these columns and practice codes.

    One row without content for each code goes through reading and selecting. So the engine itself says which columns
    are missing, which options are wrong, which codes cannot be used and what the tables will look like.

    Parameters
    ----------
    question : what is asked
    schema : the columns, as fields are named
    rows_of_code : practice code as it stands in the source (None for a missing one) → its rows

    Raises
    ------
    InputError : whatever reading or selecting would refuse on such columns and codes
    """
    import pyarrow.compute as pc

    codes = list(rows_of_code)
    blank = _blank_rows(schema, [f"row{i}" for i in range(len(codes))], codes)
    register = read_practice(blank, **question.reading)  # whether a mapping is of use, blank rows cannot tell
    selection = question.answer(register)
    accepted = register.to_arrow()
    refused = register.quarantine
    places = pc.index_in(texts(f"row{i}" for i in range(len(codes))), in_one_piece(accepted.column("patient_id")))
    code_of: dict[str | None, str | None] = {
        code: None if place is None else accepted.column("practice_id")[place].as_py()
        for code, place in zip(codes, places.to_pylist(), strict=True)
    }
    faults: dict[str | None, str] = {None: "missing"}
    for row in refused.to_pylist():
        code_of[codes[row["source_row"]]] = row["practice_id"]
        faults[row["practice_id"]] = row["reason"]
    return Job(
        question=question,
        names=tuple(schema.names),
        practices=register.practices,
        code_of=code_of,
        refused=faults,
        unattributed=sum(rows for code, rows in rows_of_code.items() if code_of[code] in faults),
        witness=_witness(question, schema),
        schemas={
            "selection": selection.to_arrow().schema.remove_metadata(),
            "summary": selection.summary().schema,
            "unscored": selection.unscored().schema,
            "kept": selection.kept().schema,
            "queue": _with_place_in_queue(selection.queue().schema),
            "quarantine": register.quarantine.schema,
            "corrections": register.corrections.schema,
            **_account_schemas(),
        },
    )


def _with_place_in_queue(schema: pa.Schema) -> pa.Schema:
    """Rows of a queue that come back in no order need their place in it."""
    import pyarrow as pa

    return schema.append(pa.field("place_in_queue", pa.int64()))


def _account_schemas() -> dict[str, pa.Schema]:
    import pyarrow as pa

    counts: tuple[str, ...] = (
        "rows_in",
        "accepted",
        "merged",
        "quarantined",
        "corrected",
        "listed",
        "case_managed",
        "on_list",
    )
    counts += tuple(why.replace(" ", "_") for why in BARRED)
    said = [("practice_id", pa.string()), ("error", pa.string()), ("message", pa.string())]
    mapped = [("name", pa.string()), ("met", pa.bool_()), ("given", pa.int64()), ("unread", pa.int64())]
    mapped += [("nearly", pa.bool_())]
    read = [("name", pa.string()), ("counted", pa.string()), ("given", pa.int64())]
    return {
        "account": pa.schema([("practice_id", pa.string()), *((name, pa.int64()) for name in counts)]),
        "column": pa.schema(read),
        "mapping": pa.schema(mapped),
        "refusal": pa.schema(said),
        "span": pa.schema([("told", pa.string())]),
    }


def _blank_rows(schema: pa.Schema, ids: Sequence[str], codes: Sequence[str | None]) -> pa.Table:
    import pyarrow as pa

    given = {"patient_id": texts(ids), "practice_id": texts(codes)}
    columns = [given[f.name].cast(f.type) if f.name in given else pa.nulls(len(ids), f.type) for f in schema]
    return pa.table(columns, names=schema.names)


def _witness(question: Question, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    columns = [
        _readable(question, FIELDS[each.name], each.type)
        if each.name in FIELDS and FIELDS[each.name].kind in CLEANED_KINDS
        else pa.nulls(1, each.type)
        for each in schema
    ]
    return pa.table(columns, names=schema.names)


def _readable(question: Question, field: Field, kind: pa.DataType) -> pa.Array:
    """One value that a field's column can hold and that can be read; null where no value of its type can be."""
    import pyarrow as pa

    options = question.field_options(field.name)
    for value in _candidates(field, options["mapping"], options["date_format"], as_date(question.reading["as_of"])):
        try:
            array = pa.array([value], kind)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            continue
        if count_of(field, clean_column(field, pa.chunked_array([array]), **options)).read:
            return array
    return pa.nulls(1, kind)


def _candidates(field: Field, mapping: Mapping[str, Any] | None, form: str | None, as_of: dt.date) -> list[Any]:
    keys = list(mapping or ())
    numbers = [int(key) for key in keys if key.isascii() and key.isdigit()]
    dates = [as_of.strftime(form)] if form else []
    plain = (as_of.isoformat(), "true", "1", as_of, True, field.most, Decimal(1))
    return [*field.allowed, *dates, *plain, *keys, *numbers]


def files_of(model: Model) -> ModelFiles:
    """A model's files as (path, text), with those of every model whose score it takes and that does not ship."""
    if not (model.text and model.vectors_text):
        raise InputError("model: it travels as the texts of its files. Write it to a folder and load it from there.")
    files = dict(_files(model, Path(*["up"] * _DEPTH, "model")))
    if any(path.startswith(("/", "..")) or Path(path).is_absolute() for path in files):
        raise InputError(f"The model '{model.name}' takes the score of a model that lies too far from its own folder.")
    return tuple(files.items())


def _files(model: Model, folder: Path) -> list[tuple[str, str]]:
    files = [
        ((folder / name).as_posix(), text)
        for name, text in ((MODEL_FILE, model.text), (VECTORS_FILE, model.vectors_text))
    ]
    for each in model.inputs:
        if each.kind == "score" and any(mark in each.model for mark in ("/", os.sep)):
            files += _files(model.nested[each.name], Path(os.path.normpath(folder / each.model)))
    return files


@lru_cache(maxsize=8)
def _scheme(text: str) -> Scheme:
    if not text:
        raise InputError("scheme: it travels as the text of its file. Write it to a file and load it from there.")
    return read_scheme_text(text, "the scheme")


@lru_cache(maxsize=8)
def _model(files: ModelFiles) -> Model:
    with tempfile.TemporaryDirectory() as top:
        for path, text in files:
            place = Path(top, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text.encode())
        return load_model(Path(top, files[0][0]).parent)
