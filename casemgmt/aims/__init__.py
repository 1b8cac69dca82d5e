"""What the aims of a programme are measured by: admissions, days at home, years of life, by practice and year.

No measure here is an effect of anything.
"""
