"""The smallest list of faults that still fails: delta debugging (ddmin) on the numbers of a sequence's faults."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def shrink(numbers: Sequence[int], fails: Callable[[tuple[int, ...]], bool], most_runs: int = 40) -> tuple[int, ...]:
    """A part of `numbers` that fails and of which no single one can be left out, or what is left after `most_runs`.

    `fails(())` is never asked; `numbers` themselves are taken to fail.
    """
    kept, parts, runs = tuple(numbers), 2, 0
    while len(kept) > 1:
        size = max(1, -(-len(kept) // parts))
        chunks = [kept[start : start + size] for start in range(0, len(kept), size)]
        smaller = chunks if parts == 2 else []
        rests = [tuple(each for each in kept if each not in chunk) for chunk in chunks]
        for tried in dict.fromkeys([*smaller, *rests]):
            if not tried or tried == kept:
                continue
            if runs >= most_runs:
                return kept
            runs += 1
            if fails(tried):
                kept, parts = tried, max(2, parts - 1)
                break
        else:
            if size == 1:
                return kept
            parts = min(len(kept), parts * 2)
    return kept
