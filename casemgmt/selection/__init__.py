"""Ranking and choosing: exact places, a written order for ties, and a result that explains itself."""
