"""From how many rows on the compiled loops are worth loading; below, their NumPy twins are done sooner."""

COMPILE_FROM = 400_000
