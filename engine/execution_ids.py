"""IB's execution ids: `0000e0d5.67290a01.01.02` is the first correction of `0000e0d5.67290a01.01.01`. Pure."""

from __future__ import annotations


def root_of(exec_id: str) -> str:
    """An execution id without the digits after its last dot: these number the corrections.

    What stands before tells partial fills and the legs of a combination apart.
    """
    root, dot, last = exec_id.rpartition(".")
    return root if dot and _is_number(last) else exec_id


def revision_of(exec_id: str) -> int:
    """The number after the last dot; 0 = there is none. Of two with one root the higher is in force."""
    _, dot, last = exec_id.rpartition(".")
    return int(last) if dot and _is_number(last) else 0


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
