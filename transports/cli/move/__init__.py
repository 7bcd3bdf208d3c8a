"""`picoengine import`: the picos of another engine, made anew in this one.

`there` reads what the other engine tells over HTTP and changes nothing in it; `here` makes picos, channels, data and
rulesets alike; `relations` subscribes the new picos to one another as the old ones are. `command` joins them.

Every step looks first whether it has been done, so a move that was broken off is gone on with by beginning it again.
"""
