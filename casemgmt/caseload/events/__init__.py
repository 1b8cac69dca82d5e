"""What happens on a caseload, written down once and never changed: events, their kinds, and the chain that binds them."""
