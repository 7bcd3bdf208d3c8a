"""What was: the log read again, as state, as events that are evaluated anew, or as a test."""
