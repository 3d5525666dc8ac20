"""The other side of the wire: Bria's API simulated over real HTTP, written from its documents alone.

async with simulator() as sim:
    ...  # talk to sim.base_url, push sim.clock, ask sim.audit()
"""

from bria_async.sim.app import SIMULATOR, create_app, operations, serve, simulator
from bria_async.sim.audit import Audit
from bria_async.sim.clock import Clock
from bria_async.sim.faults import Fault
from bria_async.sim.options import Moderation, Options
from bria_async.sim.simulator import Seen, Simulator

__all__ = [
    "SIMULATOR",
    "Audit",
    "Clock",
    "Fault",
    "Moderation",
    "Options",
    "Seen",
    "Simulator",
    "create_app",
    "operations",
    "serve",
    "simulator",
]
