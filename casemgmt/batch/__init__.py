"""Registers larger than memory: files read a part at a time, packed files, and the Spark adapter."""
