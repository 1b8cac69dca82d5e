"""The list of a practice as one page: a template, a stylesheet and a script, and nothing from the network."""
