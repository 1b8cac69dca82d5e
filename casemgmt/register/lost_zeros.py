"""Ids that differ by leading zeros alone: what a spreadsheet leaves of half a file, and one person as two."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import numpy_of, taken, validity_of
from casemgmt.compiling import pays
from casemgmt.errors import InputWarning, plural
from casemgmt.texts.long_texts import hashes_of, on_pieces, views_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

BEGINNING = "patient_id, leading zeros: "  # of the note, by which a packed register knows it
# In RE2; zeros are lost where text is taken for a number, so of digits alone.
_LED_BY_ZEROS = r"^0+[1-9][0-9]*$"


def lost_zeros(ids: pa.ChunkedArray) -> int:
    """How many ids of a whole register stand in it with different numbers of leading zeros."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths, led = _look(ids)
    if not len(led) or len(lengths) < 2:
        return 0
    led = pc.unique(led)
    bare = pc.utf8_ltrim(led, "0")
    ids = ids.cast(bare.type)
    others = ids.filter(pc.is_in(ids, value_set=bare))
    forms = pa.concat_arrays([bare, pc.unique(others)])
    return int((numpy_of(pc.value_counts(forms).field(1)) > 1).sum())


class LostZeros:
    """The same of a register whose parts pass one after the other, by the hashes of its ids."""

    def __init__(self) -> None:
        self._bare: list[npt.NDArray[np.uint64]] = []
        self._lengths: set[int] = set()

    def add(self, ids: pa.ChunkedArray) -> None:
        """Look at the ids of a part."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        lengths, led = _look(ids)
        self._lengths |= lengths
        if len(led):
            led = pc.unique(led)
            both = (pc.utf8_ltrim(led, "0"), led)
            self._bare.append(np.column_stack([hashes_of(pa.chunked_array([each]), by_form=True)[0] for each in both]))

    def count(self, hashes: Iterable[npt.NDArray[np.uint64]]) -> int:
        """How many ids stand there with different numbers of leading zeros, given the hashes of all ids."""
        import numpy as np

        if not self._bare or len(self._lengths) < 2:
            return 0
        ways = np.concatenate(self._bare)
        _, first = np.unique(ways[:, 1], return_index=True)
        bare, times = np.unique(ways[first, 0], return_counts=True)
        found = times > 1
        for each in hashes:
            place = np.minimum(np.searchsorted(bare, each), len(bare) - 1)
            found[place[bare[place] == each]] = True
        return int(np.count_nonzero(found))


def notes_of(count: int) -> tuple[str, ...]:
    """What is said of so many ids."""
    if not count:
        return ()
    return (
        f"{BEGINNING}{plural(count, 'id')} {'stands' if count == 1 else 'stand'} here both with leading "
        "zeros and with fewer of them or none, as where a spreadsheet took a part of them for numbers: one person may "
        "be here as two. Export again with the ids as text.",
    )


def warn_of(count: int) -> None:
    """Warn of so many ids."""
    for note in notes_of(count):
        warnings.warn(note, InputWarning, stacklevel=2)


def _look(ids: pa.ChunkedArray) -> tuple[set[int], Any]:
    """The least and greatest lengths of the ids, and those of digits that begin with zeros, as ``large_string``."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths: set[int] = set()
    rows, start = [], 0
    for chunk in ids.chunks:
        for ends, led in on_pieces(partial(_look_at, chunk), len(chunk)):
            lengths |= ends
            rows.append(led + start)
        start += len(chunk)
    led = np.concatenate(rows) if rows else np.empty(0, dtype=np.int64)
    if not len(led):
        return lengths, pa.nulls(0, pa.large_string())
    texts = taken(ids, led).cast(pa.large_string())
    return lengths, texts.filter(pc.match_substring_regex(texts, _LED_BY_ZEROS))


def _look_at(chunk: pa.Array, low: int, high: int) -> tuple[set[int], npt.NDArray[np.int64]]:
    """Of the texts of a chunk from ``low`` to ``high``, see :func:`_of_texts`; places are those in the chunk."""
    import pyarrow as pa

    piece = chunk.slice(low, high - low)
    ends, led = _of_views(piece) if pa.types.is_string_view(chunk.type) else _of_texts(piece)
    return ends, led + low


def _of_texts(chunk: pa.Array) -> tuple[set[int], npt.NDArray[np.int64]]:
    """The least and greatest lengths of texts that have any, and which of them begin with a zero."""
    import numpy as np
    import pyarrow.compute as pc

    length, is_led = (numpy_of(each) for each in (pc.binary_length(chunk), pc.starts_with(chunk, "0")))
    present = validity_of(chunk)
    if present is not None:
        length, is_led = np.where(present, length, 0), is_led & present
    return _ends(length), np.flatnonzero(is_led)


def _of_views(chunk: pa.Array) -> tuple[set[int], npt.NDArray[np.int64]]:
    """The same of a chunk of views, for which pyarrow has no such functions: length and first bytes lie in the view."""
    import numpy as np

    views = views_of(chunk)
    if pays(len(chunk)):
        from casemgmt.texts.view_kernels import led_by_zeros

        rows = np.empty(len(chunk) + 1, dtype=np.int32)
        count, least, most = led_by_zeros(views, rows)
        return {least, most} if most else set(), rows[:count].astype(np.int64)
    head = views[:, 0]
    length = (head & np.uint64(0xFFFFFFFF)).astype(np.int64)
    return _ends(length), np.flatnonzero((length > 0) & ((head >> np.uint64(32)) & np.uint64(0xFF) == ord("0")))


def _ends(length: npt.NDArray[np.integer[Any]]) -> set[int]:
    given = length[length > 0]
    return {int(given.min()), int(given.max())} if len(given) else set()
