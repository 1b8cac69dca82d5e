"""The sheets of a practice's workbook: their names, columns and cells, written and read by the same words."""
