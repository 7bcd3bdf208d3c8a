"""A corpus of rulesets as people write them, made by a seeded generator: the same seed gives the same texts.

Six tokens a line, as in the bundled rulesets: maps are spread over lines, blocks end on lines of their own.
"""

from __future__ import annotations

import random

FUNCTIONS = [
    """\
  double{n} = function(x, y = 2) {{
    z = x * y

    z > 100 => z - 100
             | z
  }}
""",
    """\
  // what the customer sees
  label{n} = function(name, items) {{
    list = items.map(function(i) {{
      i.uc()
    }})
    name + ": " + list.join(", ")
  }}
""",
    """\
  pick{n} = function(m, key) {{
    value = m{{["stock", key]}}

    value.isnull() => {n}
                    | value
  }}
""",
    """\
  total{n} = function(rows) {{
    rows
      .filter(function(r) {{
        r{{"ok"}}
      }})
      .reduce(function(a, r) {{
        a + r{{"price"}}
      }}, 0)
  }}
""",
    """\
  note{n} = defaction(text) {{
    send_directive("note", {{
      "text": <<#{{text}} of ruleset {n}>>
    }})
  }}
""",
]

SELECTS = [
    "select when shop order item re#^(.+)$# setting(item)",
    'select when shop order where event:attrs{{"n"}} > {n}',
    "select when shop open before shop order within 5 minutes",
    "select when count 3 (shop order price re#^(\\d+)$#) max(item)",
    "select when any 2 (shop open, shop order, shop close)",
]

RULE = """\

  rule handle_{n} {{
    {select}
    foreach event:attrs{{"rows"}} setting(row, index)
    pre {{
      id = row{{"id"}}
      amount = row{{"price"}} * row{{"count"}} + {n}
      known = ent:orders.keys() >< id
      // the line on the bill
      line = <<Order #{{id}}: #{{amount}}>>
    }}
    if amount > {n} && not known then every {{
      send_directive("accepted", {{
        "line": line,
        "index": index
      }})
      event:send({{
        "eci": row{{"eci"}},
        "domain": "shop",
        "name": "accepted",
        "attrs": {{
          "amount": amount
        }}
      }})
    }}
    fired {{
      ent:orders{{[id, "amount"]}} := amount
      raise shop event "accepted"
        attributes {{
          "id": id
        }}
        on final
    }}
    else {{
      log info "refused " + id
    }}
  }}
"""


def corpus(seed: int = 1, size: int = 100) -> list[str]:
    """Rulesets of 10 to 1,000 lines, most of them short."""
    chance = random.Random(seed)
    return [ruleset(chance, number, round(10 * 100 ** (chance.random() ** 1.5))) for number in range(size)]


def ruleset(chance: random.Random, number: int, lines: int) -> str:
    """A ruleset of about so many lines: a third of it functions, the rest rules."""
    head = f'ruleset bench.n{number} {{\n  meta {{\n    name "Bench {number}"\n    provides '
    functions: list[str] = []
    while not functions or _lines(functions) < lines // 3:
        functions.append(chance.choice(FUNCTIONS).format(n=len(functions)))
    names = [each[: each.index(" = ")].split()[-1] for each in functions]
    rules: list[str] = []
    while _lines(functions) + _lines(rules) + RULE.count("\n") < lines:
        rules.append(RULE.format(n=len(rules), select=chance.choice(SELECTS).format(n=len(rules))))
    return head + ", ".join(names) + "\n  }\n  global {\n" + "".join(functions) + "  }\n" + "".join(rules) + "}\n"


def _lines(parts: list[str]) -> int:
    return sum(each.count("\n") for each in parts)
