"""A model carried elsewhere: SQL and R that give the same scores."""
