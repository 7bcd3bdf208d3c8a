"""The language server for KRL: what editors ask about a text, answered over the standard input and output.

`server.py` speaks the protocol, and each other file answers one kind of question about a `Document`. What a text means,
`krl` knows; nothing here decides anything about the language.
"""
