"""The command line: the verbs of the Python interface, in the same words."""

from __future__ import annotations

from casemgmt.cli.app import app, main

__all__ = ["app", "main"]
