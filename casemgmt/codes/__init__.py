"""Coded records: codes as checked text, code lists as files, and what they say of a patient."""
