"""A practice register: read through one door, every row checked and accounted for, packed once, scored many times."""
