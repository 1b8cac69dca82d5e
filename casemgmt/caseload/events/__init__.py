"""What happens on a caseload, written down once and never changed: events, their kinds, the chain that binds them."""
