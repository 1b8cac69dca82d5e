"""Coded records: codes as checked text, code lists as files, and what they say of a patient.

:data:`casemgmt.codes.systems.SYSTEMS` names the coding systems; :func:`casemgmt.codes.codelist.load_codelist` reads a list.
"""
