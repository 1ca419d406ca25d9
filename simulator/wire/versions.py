"""Server versions: what is negotiated and what each gate changes.

Served is the text protocol that the clients in use speak. From 201 on messages are raw numbers and protobuf.
"""

from __future__ import annotations

import re

MIN_VERSION = 157  # the layouts of requests and answers are those from here on
MAX_VERSION = 178

FRACTIONAL_SIZES = 163
SIZE_INCREMENTS = 164  # contract details: version field and mdSizeMultiplier gone, three size fields added
HISTORICAL_SCHEDULE = 165
ERROR_JSON = 166
ZONED_TIMES = 174
SAMPLE_DESCRIPTIONS = 176  # also issuerId in reqContractDetails
PENDING_PRICE_REVISION = 178
ERROR_TIME = 194  # errors: version field gone, time added; served only from recordings

_RANGE = re.compile(r"v(\d+)(?:\.\.(\d+))?(?:[ \0].*)?\Z", re.DOTALL)


def negotiate(greeting: str, cap: int = MAX_VERSION) -> int | None:
    """The version for a client's `v157..176[ options]`; None = the two have nothing in common."""
    match = _RANGE.match(greeting)
    if match is None:
        return None
    lowest = int(match.group(1))
    highest = int(match.group(2) or lowest)
    version = min(highest, cap)
    return version if version >= max(lowest, MIN_VERSION) else None
