"""Additive risk models: the file format, the loader that checks them, exact scores, explanations, and fitting."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from casemgmt.risk.fitting.classifier import AdditiveRiskClassifier

__all__ = ["AdditiveRiskClassifier"]

if not TYPE_CHECKING:  # a checker goes by the imports above, and refuses every other name

    def __getattr__(name: str) -> object:
        if name == "AdditiveRiskClassifier":  # imported when it is first used: scikit-learn takes a second
            from casemgmt.risk.fitting.classifier import AdditiveRiskClassifier

            return AdditiveRiskClassifier
        raise AttributeError(f"module 'casemgmt.risk' has no attribute '{name}'")
