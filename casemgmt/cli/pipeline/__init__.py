"""``casemgmt new-pipeline``: a small repository that runs the month by configuration."""

from __future__ import annotations

from casemgmt.cli.pipeline.command import new_pipeline

__all__ = ["new_pipeline"]
