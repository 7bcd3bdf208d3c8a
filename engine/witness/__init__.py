"""What happened and why: noted while it happens, and told to whoever asks."""
