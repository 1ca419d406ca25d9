"""How many examples a property gets: few in the default run, `--long properties` multiplies them."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings

VARIABLE = "QTRADE_EXAMPLES_TIMES"
TIMES = int(os.environ.get(VARIABLE, "1"))
USUAL = 50


def examples(count: int, **more: Any) -> settings:
    """As a decorator of a property: `count` examples in the default run."""
    return settings(max_examples=count * TIMES, deadline=None, **more)
