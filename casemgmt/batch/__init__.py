"""Registers worked on in pieces: what each piece must be told so that the pieces give the rows of the whole.

``spark`` selects from a Spark DataFrame, one practice at a time, on as many machines as Spark has."""
