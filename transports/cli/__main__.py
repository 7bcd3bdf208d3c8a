"""`python -m transports.cli`: the command where it is not installed."""

from . import main

main()
