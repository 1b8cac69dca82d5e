"""The whole store as flat files that any program reads, and back into an empty store: nothing lost on the way."""
