"""What counts as today's, as the sums are told it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from engine.domain import Fill


class Today(NamedTuple):
    """`is_today`: the fill is of its instrument's running trade date. `began_wall`: when the newest trade date of what
    an account holds began, by this machine's clock.
    """

    is_today: Callable[[Fill], bool]
    began_wall: Callable[[str], float]
