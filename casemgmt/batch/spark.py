"""The name that 0.3.0 knew :mod:`casemgmt.spark` by."""

import sys

from casemgmt.spark import selecting

sys.modules[__name__] = selecting
