"""Values that a caller gives beside a register, such as scores, risks and outcomes: each beside the right person."""
