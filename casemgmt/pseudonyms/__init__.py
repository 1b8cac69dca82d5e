"""NHS numbers to keyed pseudonyms, on the practice's side, and back again with the practice's own look-up."""
