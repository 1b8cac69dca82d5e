"""The caseload over time: what changed between two selections, for whom, and why."""
