"""One attempt at an execution, as the worker keeps it in mind."""

import asyncio
from dataclasses import dataclass, field


@dataclass
class Attempt:
    """Its identity and the wish to end it."""

    execution_id: int
    id: str
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    worker_stops: bool = False
    """The wish comes from this worker's own end, not from a person."""
    may_rerun: bool = False
    """The action may be started again elsewhere when this worker seems lost."""
