"""What compiled KRL runs on: values, operators, methods, regular expressions, and the host's protocol.

`values`, `text` and `numbers` say what a value is and how it converts; `operators` and `access` are the infix
operators and the look-ups; `methods` holds `.map()` and its kin; `calls` runs functions whose identity is known
only at run time. `host` is all that this code may ask of the world.
"""
