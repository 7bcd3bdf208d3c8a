"""Torture: a real engine is hurt while it works, again and again, and must keep every promise.

    report = await torture(Orders(seed="7", minutes=5), folder, print)

A round has a fresh engine in a home folder of its own, clients who send events, blows that fall on the engine
(`nemesis`), and, when it was left in peace, a verdict (`invariants`) on what came of it (`record`).
"""

from .invariants import INVARIANTS, violations
from .nemesis import BLOWS
from .record import Logged, Record, Sent
from .rounds import Orders, Report, torture

__all__ = ["BLOWS", "INVARIANTS", "Logged", "Orders", "Record", "Report", "Sent", "torture", "violations"]
