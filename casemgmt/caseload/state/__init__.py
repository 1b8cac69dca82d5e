"""Who is on the caseload on a date, folded from the events."""
