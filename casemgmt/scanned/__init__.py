"""Registers in files, read a part at a time."""
