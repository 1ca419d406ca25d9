"""How the breakouts of a world come about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Manner:
    """How breakouts come about. `slots`: quarter seconds of the minute within which a push begins; `quiet_share` of
    them come without a surge of volume."""

    slots: int = 70
    quiet_share: float = 0.0


USUAL_MANNER = Manner()
RESTLESS_MANNER = Manner(slots=225, quiet_share=0.3)  # anywhere in the minute, three in ten without volume
