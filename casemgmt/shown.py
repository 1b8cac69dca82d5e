"""What ``dir`` and an editor's completion offer of an object: what a user needs, without what other modules need."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Kind = TypeVar("Kind", bound=type)


def shows(*names: str) -> Callable[[Kind], Kind]:
    """Offer the names in these texts of a class's objects, beside those of its base class; the others work as well."""

    def wrap(kind: Kind) -> Kind:
        inherited = getattr(kind, "_shown", ())
        type.__setattr__(kind, "_shown", (*inherited, *" ".join(names).split()))
        type.__setattr__(kind, "__dir__", _offered)
        return kind

    return wrap


def _offered(self: object) -> list[str]:
    pythons_own = (name for name in object.__dir__(self) if name.startswith("__") and name.endswith("__"))
    return sorted({*pythons_own, *getattr(type(self), "_shown", ())})
