"""Fitting an additive model to a register, and any additive estimator as tables."""
