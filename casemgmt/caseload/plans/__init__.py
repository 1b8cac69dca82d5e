"""What is counted of a caseload: process measures, letters, register tests, payments, and the list sizes they need."""
