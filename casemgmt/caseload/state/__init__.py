"""The caseload on any date, worked out from its events: who is managed, since when, by which plan, and who is due."""
