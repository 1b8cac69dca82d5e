"""Additive risk models: the file format, the loader that checks them, exact scores, explanations, and fitting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from casemgmt.risk.fitting.classifier import AdditiveRiskClassifier

__all__ = ["AdditiveRiskClassifier"]


def __getattr__(name: str) -> Any:
    if name == "AdditiveRiskClassifier":  # imported when it is first used: scikit-learn takes a second
        from casemgmt.risk.fitting.classifier import AdditiveRiskClassifier

        return AdditiveRiskClassifier
    raise AttributeError(f"module 'casemgmt.risk' has no attribute '{name}'")
