"""What a selection proposes and what people decide about it, each written down as an event, once."""
