"""Who waits for the answer to an audit: told once, and only if he still waits. Engine thread only."""

from __future__ import annotations

import asyncio

from engine.errors import LabError
from engine.lab.messages import AuditAnswer


def let_know(waiting: asyncio.Future[AuditAnswer] | None, answer: AuditAnswer | LabError) -> None:
    """The answer, or why there is none."""
    if waiting is None or waiting.done():
        return
    if isinstance(answer, LabError):
        waiting.set_exception(answer)
    else:
        waiting.set_result(answer)
