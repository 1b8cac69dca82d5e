"""``python -m casemgmt`` is the command line."""

from casemgmt.cli import main

main()
