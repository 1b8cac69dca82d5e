"""Selecting from records that live in Spark."""
