"""Exact hashes and numbers of texts, such as patient ids: compiled loops over Arrow text."""
