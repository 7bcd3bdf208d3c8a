"""`picoengine repl`: KRL at a prompt, by itself or in a pico of a running engine.

`places.py` evaluates, `reading.py` gets inputs from a terminal or a pipe, `talk.py` is the conversation between them.
"""
