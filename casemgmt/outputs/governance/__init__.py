"""The governance pack of a run: what was used and why, who may object, what could go wrong, and who confirmed what."""
