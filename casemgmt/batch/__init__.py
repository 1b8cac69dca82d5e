"""The folder in which release 0.3 had :mod:`casemgmt.spark`."""
