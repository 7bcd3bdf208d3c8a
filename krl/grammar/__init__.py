"""The grammar of KRL, by subject: `ruleset`, `rules`, `eventex`, `expressions`; `parser.py` joins them.

Each `p_` function is a set of productions, written in its docstring, and what they make of their parts: `p[1]`,
`p[2]` … are the values of the symbols on the right, `p[0]` becomes that of the one on the left. A name in capitals
is a token (`tokens.py`). `%prec LOWEST` marks where a mark that could go on wins: see PRECEDENCE there.

Source: docs/language.md, "Grammar".
"""
