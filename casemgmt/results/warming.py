"""Machine code made before it is needed: small made-up registers and records, through every door that is compiled.

What a loop is compiled for follows from the arguments that real work gives it, so real work on made-up people is done:
there is no list of loops to keep in step with the code. A note of what was used is kept beside the code.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt import arguments, compiling
from casemgmt.errors import PublishError, VerifyError
from casemgmt.kept_code import NOT_KEPT, NOTE, USED, folders, is_sound, note_path

if TYPE_CHECKING:
    import pyarrow as pa

_AS_OF, _PEOPLE, _PRACTICES = "2015-04-01", 1200, 6
_SAMPLED = 140_000  # so many in any order are sampled before they are filtered
_SCHEME, _MODEL = "rotherham-2015-16", "cambridge-multimorbidity-20"


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmed:
    """What is kept: in which folder, how much, and how long it took to make or to check.

    Attributes
    ----------
    folder : where the machine code is
    loops : how many pieces of code, one for each loop and each kind of its arguments
    bytes : how large they are together
    seconds : by the clock
    """

    folder: Path
    loops: int
    bytes: int
    seconds: float


@arguments.checked(check=arguments.yes_or_no)
def warm(*, check: bool = False) -> Warmed:
    """Compile what is not kept yet, so that later processes start at their full speed.

    For an image or an install that is read-only later: run it as the user who can write there, with
    ``NUMBA_CACHE_DIR`` as it will be. Code is made for the processor that it is made on, and is not used on another.

    Parameters
    ----------
    check : make nothing, and say whether all is kept for this processor and these versions

    Raises
    ------
    PublishError
        No folder can be written.
    VerifyError
        With ``check``: something is not kept, or is damaged.

    Examples
    --------
    >>> import casemgmt as cm
    >>> def is_warm() -> bool:
    ...     try:
    ...         return cm.warm(check=True).loops > 0
    ...     except cm.VerifyError:
    ...         return False
    >>> is_warm() in (True, False)
    True
    """
    start = time.perf_counter()
    folder, names = _noted() if check else _made()
    paths = [next(each / name for each in folders() if (each / name).is_file()) for name in names]
    sizes = [path.stat().st_size for path in paths]
    return Warmed(folder=folder, loops=len(names), bytes=sum(sizes), seconds=time.perf_counter() - start)


def _noted() -> tuple[Path, list[str]]:
    """The folder and the names that an earlier run noted, each looked at."""
    remedy = "Run casemgmt warm where its folder can be written (in Python: cm.warm())."
    for note in map(note_path, folders()):
        if not note.is_file():
            continue
        try:
            names = json.loads(note.read_text(encoding="utf-8"))
            bad = sum(not any(is_sound(folder / name) for folder in folders()) for name in names)
        except (OSError, ValueError, TypeError):
            continue
        if bad:
            raise VerifyError(f"{bad} of {len(names)} compiled loops are missing or damaged in {note.parent}. {remedy}")
        return note.parent, names
    raise VerifyError(f"No compiled loops are kept for this processor and these versions. {remedy}")


def _made() -> tuple[Path, list[str]]:
    """Do all the work of :func:`_works`, and note what code it used."""
    with tempfile.TemporaryDirectory() as scratch, _always_compiled():
        for work in _works(Path(scratch)):
            work()
    places = {path.parent for path in USED.values()}
    folder = next((place for place in folders() if place in places), None)
    if NOT_KEPT or folder is None:
        looked = " or ".join(str(folder) for folder in folders())
        raise PublishError(
            f"Compiled loops could not be kept in {looked}. Make one of them writable, or name another folder in the "
            "environment variable NUMBA_CACHE_DIR, now and when casemgmt is used."
        )
    names = sorted(name for name, path in USED.items() if path.parent in folders())
    try:
        note_path(folder).write_text(json.dumps(names), encoding="utf-8")
    except OSError:  # it is all there already, and only to be read
        if not note_path(folder).is_file():
            raise PublishError(f"{NOTE} cannot be written in {folder}. Make it writable.") from None
    return folder, names


@contextmanager
def _always_compiled() -> Iterator[None]:
    """Compiled loops for registers of any size, meanwhile."""
    usual, compiling.COMPILE_FROM = compiling.COMPILE_FROM, 0
    try:
        yield
    finally:
        compiling.COMPILE_FROM = usual


def _works(scratch: Path) -> Iterator[Callable[[], object]]:
    """What is done with made-up people, one door after another."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    grouped = _register(_PEOPLE)
    order = np.random.default_rng(2).permutation(grouped.num_rows)
    shuffled = grouped.take(pa.array(order))
    long_ids = grouped.set_column(0, "patient_id", pa.array([f"{row:064d}" for row in order]))
    yield partial(_select, grouped)
    for table in (shuffled, long_ids):
        for kind in (pa.string(), pa.large_string(), pa.string_view()):
            for form in (_with_texts(table, kind), _read_only(_with_texts(table, kind))):
                yield partial(_select, form)
    parquet.write_table(shuffled, scratch / "wide.parquet", row_group_size=500)
    yield partial(_select, scratch / "wide.parquet")
    many = _register(_SAMPLED)
    yield partial(_select, many.take(pa.array(np.random.default_rng(2).permutation(many.num_rows))))
    yield partial(_scan, scratch)
    yield partial(_evaluate, shuffled)
    for ids in (pa.int64(), pa.int32(), pa.string(), pa.large_string()):
        for in_order in (True, False):
            yield partial(_derive, ids, in_order=in_order)
    for ids in (pa.int64(), pa.int32()):
        yield partial(_derive, ids, in_order=False, apart=10_007)


def _register(people: int) -> pa.Table:
    """People of a few practices, with every input of the model and a risk of their own; nobody real."""
    import numpy as np
    import pyarrow as pa

    from casemgmt.risk.files import load_model

    draw, rows = np.random.default_rng(1), np.arange(people)
    flags = [each.name for each in load_model(_MODEL).inputs if each.kind == "flag"]
    return pa.table(
        {
            "patient_id": pa.array([f"p{row:09d}" for row in rows]),
            "practice_id": pa.array([f"C{10_000 + row * _PRACTICES // people}" for row in rows]),
            "age": pa.array(draw.integers(18, 100, people).astype(np.int16)),
            "sex": pa.array(["M" if row % 2 else "F" for row in rows]),
            "imd_decile": pa.array((rows % 10 + 1).astype(np.int8)),
            "nominated": pa.array(rows % 100 == 50),
            "care_home_type": pa.array(["none" if row % 50 else "nursing" for row in rows]),
            **{name: pa.array(draw.random(people) < 0.2) for name in flags},
            "risk": pa.array(draw.random(people)),
            "happened": pa.array(draw.random(people) < 0.2),
        }
    )


def _with_texts(table: pa.Table, kind: Any) -> pa.Table:
    """The table with its texts in another of Arrow's forms."""
    import pyarrow as pa

    schema = pa.schema([(each.name, kind if each.type == pa.string() else each.type) for each in table.schema])
    return table.cast(schema)


def _read_only(table: pa.Table) -> pa.Table:
    """The same table in memory that may not be written, as other libraries give it."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return pa.ipc.open_stream(sink.getvalue().to_pybytes()).read_all()


def _select(source: Any) -> None:
    """Select by a model, by a score of the register's own, and by numbers given beside it."""
    from casemgmt.register.reading import read_register
    from casemgmt.results.selecting import select
    from casemgmt.risk.files import load_model
    from casemgmt.scheme.files import load_scheme

    register, scheme = read_register(source, as_of=_AS_OF), load_scheme(_SCHEME)
    for ranked in ({"model": load_model(_MODEL)}, {"score": "risk"}):
        selection = select(register, scheme, **ranked, threads=2)
        selection.to_arrow(), selection.summary(), selection.queue(), selection.unscored()
    load_model(_MODEL).score(register)


def _scan(scratch: Path) -> None:
    """Select from a file read a part at a time, wide and packed."""
    from casemgmt.results.selecting import select
    from casemgmt.risk.files import load_model
    from casemgmt.scanned.opening import scan_register
    from casemgmt.scheme.files import load_scheme

    wide = scan_register([scratch / "wide.parquet"], as_of=_AS_OF)
    for scanned in (wide, scan_register(wide.save_packed(scratch / "packed.parquet"), as_of=_AS_OF)):
        select(scanned, load_scheme(_SCHEME), model=load_model(_MODEL), threads=2).to_arrow()


def _evaluate(table: pa.Table) -> None:
    from casemgmt.evaluation.evaluate import evaluate
    from casemgmt.register.reading import read_register
    from casemgmt.scheme.files import load_scheme

    register = read_register(table, as_of=_AS_OF)
    evaluate("risk", "happened", register, load_scheme(_SCHEME), replicates=100, threads=2)


def _derive(ids: Any, *, in_order: bool, apart: int = 1) -> None:
    """Conditions from made-up records; ids that are numbers lie ``apart`` from each other."""
    import numpy as np
    import pyarrow as pa

    from casemgmt.codes.deriving import derive_conditions

    draw, rows = np.random.default_rng(3), 4 * _PEOPLE
    people = draw.integers(0, _PEOPLE, rows)
    people = np.sort(people) if in_order else people
    few = pa.array([("I219", "I500", "E119", "J449", "Z000")[each] for each in draw.integers(0, 5, rows)])
    many = pa.array([f"{chr(65 + each % 26)}{each // 26:03d}" for each in range(rows)])
    days = pa.array(draw.integers(15_000, 16_400, rows).astype(np.int32)).cast(pa.date32())
    named = (
        pa.array([f"p{each:09d}" for each in people], type=ids)
        if not pa.types.is_integer(ids)
        else pa.array(people * apart).cast(ids)
    )
    events = pa.table({"patient_id": named, "code": few, "date": days})
    others = (events.set_column(1, "code", each) for each in (few.dictionary_encode(), many))
    for form in (events, _read_only(events), *others):
        derive_conditions(form, "charlson-quan-2005", as_of=_AS_OF, lookback="24 months", latest="all")
        derive_conditions(form, "charlson-quan-2005", as_of=_AS_OF)
