"""The name that 0.2.0 knew :mod:`casemgmt.disk` by."""

import sys

from casemgmt import disk

sys.modules[__name__] = disk
