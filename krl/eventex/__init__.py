"""Event expressions as state machines: `build` makes one from the tree, `step` offers it an event.

A machine is shared by all picos; what a rule remembers of past events is plain JSON and belongs to one pico.
`canonical` tells whether memory kept by an older text of the rule still fits the new one.
"""

from .build import Asked, Built, build
from .canonical import canonical
from .machine import Machine
from .step import Memory, step

__all__ = ["Asked", "Built", "Machine", "Memory", "build", "canonical", "step"]
