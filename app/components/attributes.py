"""data- and aria- attributes as keyword arguments: Dash's own type hints don't know them."""

from __future__ import annotations

from typing import Any


def attrs(**named: Any) -> dict[str, Any]:
    """attrs(aria_label="x", data_nav="/") -> {"aria-label": "x", "data-nav": "/"}; other names pass as they are."""
    return {k.replace("_", "-") if k.startswith(("data_", "aria_")) else k: v for k, v in named.items()}
