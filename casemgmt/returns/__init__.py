"""What practices send back: read with suspicion, every row accepted or explained."""
