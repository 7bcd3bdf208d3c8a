"""For those who write KRL: what editors, the command line and the prompt know about a text."""
