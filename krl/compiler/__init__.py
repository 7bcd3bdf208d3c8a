"""From trees to running code: KRL as Python functions, by way of Python's own syntax tree.

`frame` holds what is being written and `scope` what a name means; each other file compiles one kind of construct, and
`ruleset` puts a whole program together. A user's text gets into the code as a constant or as a mangled name only.
"""

from .ruleset import compile_ruleset
from .statements import compile_statements

__all__ = ["compile_ruleset", "compile_statements"]
