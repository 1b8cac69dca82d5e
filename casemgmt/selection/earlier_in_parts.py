"""Who was on the caseload before, held against a register that is read a part at a time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from casemgmt.arrow import array_of, in_one_piece, numpy_of, texts
from casemgmt.register.columns import NO_DAY, person_parts
from casemgmt.register.ranked import is_listable
from casemgmt.selection.earlier import flags_of, keys_of
from casemgmt.selection.workings import Whereabouts

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.selection.lists import Earlier

# From so many ids it is seen how a register writes them.
_ENOUGH_IDS = 100_000


_NAMES = ("listed", "died", "left", "anywhere")


@dataclass(slots=True)
class _Noted:
    """What one pass has noted: by name the ids of :class:`Whereabouts`, ids as they are written, how many there are."""

    ids: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in _NAMES})
    written: list[pa.Array] = field(default_factory=list)
    looked_at: int = 0
    overruled: int = 0


class EarlierInParts:
    """Puts an earlier caseload's flags on each part as it passes, and notes what became of its people."""

    def __init__(self, previous: Earlier | None) -> None:
        self.previous = previous
        self._noted = _Noted()
        if previous is not None:
            import pyarrow as pa

            self._on_caseload, self._left = previous.on_caseload(), keys_of(previous.left())
            theirs = [texts(person_parts(self._on_caseload)[1]), in_one_piece(previous.ids()).cast(pa.string())]
            self._ids = pa.concat_arrays(theirs).unique().cast(pa.large_string())

    @property
    def overruled(self) -> int:
        """How many rows have somebody on the caseload who has left it."""
        return self._noted.overruled

    def restart(self) -> None:
        """Forget what a pass has noted."""
        self._noted = _Noted()

    def on(self, part: Register) -> Register:
        """A part whose ``on_caseload`` is that of the caseload as it stands."""
        if self.previous is None:
            return part
        flags, overruled = flags_of(part, self._on_caseload, self._left)
        self._noted.overruled += overruled
        self._note(part)
        return replace(part, packed=part.packed.with_flag("on_caseload", flags))

    def whereabouts(self, *, all_known: bool) -> Whereabouts | None:
        """What became of the caseload's people; None where there was none."""
        if self.previous is None:
            return None
        listed, died, left, anywhere = (frozenset(self._noted.ids[name]) for name in _NAMES)
        return Whereabouts(listed, died, left, anywhere, all_known)

    def ids(self) -> pa.Array:
        """Ids of the register: enough of them to see how they are written, and all that are the caseload's."""
        import pyarrow as pa

        theirs = texts(sorted(self._noted.ids["anywhere"])).cast(pa.large_string())
        return pa.concat_arrays([*self._noted.written, theirs])

    def _note(self, part: Register) -> None:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        noted = self._noted
        ids = in_one_piece(part.id_texts())
        noted.ids["anywhere"].update(ids.filter(pc.is_in(ids, value_set=self._ids)).to_pylist())
        if noted.looked_at < _ENOUGH_IDS:
            noted.written.append(ids)
            noted.looked_at += len(ids)
        own = part.column("patient_id").cast(pa.string())
        theirs = numpy_of(pc.is_in(own.cast(pa.large_string()), value_set=self._ids))
        patients = own.filter(array_of(theirs, pa.bool_())).to_pylist()
        died, listed = part.days.get("date_of_death"), is_listable(part.packed)
        for row, patient in zip(np.flatnonzero(theirs).tolist(), patients, strict=True):
            is_dead = died is not None and died[row] != NO_DAY
            noted.ids["listed" if listed[row] else "died" if is_dead else "left"].add(patient)
