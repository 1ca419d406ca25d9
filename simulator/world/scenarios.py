"""The days on which a market may begin."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, get_args

from simulator.world.calendar import NEW_YORK

Scenario = Literal[
    "weekday", "weekend", "half-day", "holiday", "clocks-back", "clocks-forward", "futures-reset", "account-reset"
]
SCENARIOS: tuple[Scenario, ...] = get_args(Scenario)
STARTS: dict[Scenario, datetime] = {
    "weekday": datetime(2025, 11, 5, 10, 0, tzinfo=NEW_YORK),
    "weekend": datetime(2025, 11, 8, 11, 0, tzinfo=NEW_YORK),
    "half-day": datetime(2025, 11, 28, 12, 30, tzinfo=NEW_YORK),  # stocks close at 13:00
    "holiday": datetime(2025, 11, 27, 10, 0, tzinfo=NEW_YORK),  # Thanksgiving
    "clocks-back": datetime(2025, 11, 2, 0, 45, tzinfo=NEW_YORK),  # 01:00 to 02:00 comes twice
    "clocks-forward": datetime(2026, 3, 8, 1, 45, tzinfo=NEW_YORK),  # 02:00 to 03:00 is missing
    "futures-reset": datetime(2025, 11, 5, 16, 55, tzinfo=NEW_YORK),  # 17:00 close, 18:00 next trade date
    "account-reset": datetime(2025, 11, 5, 23, 57, tzinfo=NEW_YORK),
}
