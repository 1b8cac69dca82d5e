"""What is refused of a publication that is read back, each said once."""

from __future__ import annotations

from casemgmt.errors import VerifyError
from casemgmt.outputs import layout


def wrong_file(name: object, problem: str) -> VerifyError:
    """A file or folder of a publication that is not what it should be."""
    return VerifyError(f"'{name}' {problem}.")


def publish_again(problem: str) -> VerifyError:
    """A manifest that nothing can be held against."""
    return VerifyError(f"'{layout.MANIFEST}' {problem}. Publish again.")
