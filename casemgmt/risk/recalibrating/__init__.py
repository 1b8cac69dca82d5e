"""A model's risks set right for other people: fitted anew to what happened, and refused elsewhere until they are."""
