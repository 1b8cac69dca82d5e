"""What several ways of reading codes refuse, each said once."""

from __future__ import annotations

from collections.abc import Sequence

from casemgmt.errors import CodeError, InputError, did_you_mean, listed


def unknown_system(place: str, system: str, known: Sequence[str]) -> CodeError:
    """A coding system that is not known here."""
    return CodeError(
        f"{place}: there is no coding system '{system}'.{did_you_mean(system, known)} Known: {listed(known)}."
    )


def wrong_list(name: str, problem: str) -> CodeError:
    """A code list that is not made of what it should be."""
    return CodeError(f"code list '{name}': {problem}.")


def ids_of_two_kinds() -> InputError:
    """Sources whose patients cannot be held against each other."""
    return InputError("patient_id is text in one source and a number in another. Give both as text.")
