"""Registers made from published practice tables, for demonstrations, tests and timings; no real patients."""
