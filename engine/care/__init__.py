"""Care for an engine: what is wrong, what is let go, what an operator can do about it."""
