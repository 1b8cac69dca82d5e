"""Additive risk models: the file format, the loader that checks them, exact scores and explanations."""
