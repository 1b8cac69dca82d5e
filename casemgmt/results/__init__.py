"""What users hold: selecting, the selection, reading a published one, and comparing two."""
