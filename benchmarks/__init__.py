"""Timings beside good contenders on the same data; nothing is timed that is not first shown equal."""
