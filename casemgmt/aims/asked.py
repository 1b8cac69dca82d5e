"""Which measures are wanted, and what happens where one cannot be had."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from casemgmt.errors import InputError, MissingColumnsError, listed


class NotThereError(InputError):
    """What a measure needs is not given."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The measures that are wanted.

    Attributes
    ----------
    names : None where those are wanted that can be had
    left_out : why, by measure, those that cannot be had are not there
    """

    names: frozenset[str] | None
    left_out: dict[str, str] = field(default_factory=dict)

    def wants(self, measure: str) -> bool:
        """Whether a measure is to be worked out."""
        return self.names is None or measure in self.names

    @contextmanager
    def unless_missing(self, measure: str) -> Iterator[None]:
        """Leave a measure out where what it needs is not there, and say why; refuse one that was asked for."""
        try:
            yield
        except (MissingColumnsError, NotThereError) as error:
            if self.names is not None:
                raise
            self.left_out[measure] = _why(error)


def need(columns: tuple[str, ...], has: frozenset[str], source: str) -> None:
    """Say that columns of a source are not there.

    Raises
    ------
    NotThereError
    """
    missing = [name for name in columns if name not in has]
    if missing:
        raise NotThereError(f"{source}= has no column {listed(missing)}")


def _why(error: InputError) -> str:
    if isinstance(error, MissingColumnsError):
        return f"episodes= has no column {listed(error.columns)}"
    return str(error)
