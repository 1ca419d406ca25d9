"""The symbol-days that a run was asked for: found or refused before anything is read, then read within its memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from engine.errors import LabError
from engine.lab.messages import AskSweep, Progress
from engine.lab.recordings import Recordings, tapes_of
from engine.lab.tape import Tape

MOST_NAMED = 10
MOST_REFUSED = 5


class Most(NamedTuple):
    """What a run has memory for: symbol-days; bars, with those of the days before and 10-second looks, each of which
    takes some 450 bytes."""

    tapes: int
    bars: int


IN_OWN_PROCESS = Most(2_000, 1_600_000)
ON_CLUSTER = Most(10_000, 8_000_000)  # in each worker


class Choice(NamedTuple):
    """How many are there, and the named symbols that have none of the chosen days."""

    symbol_days: int
    absent: tuple[str, ...]


def within(ask: AskSweep, source: Recordings) -> AskSweep:
    """The same with the days of the stretch that it names, where it names one. Raises LabError: none lies in it."""
    if not ask.since and not ask.until:
        return ask
    recorded = {day for _symbol, day in source.days() if not ask.days or day in ask.days}
    days = tuple(sorted(day for day in recorded if ask.since <= day <= (ask.until or day)))
    if not days:
        raise LabError(f"No day is recorded from {ask.since or 'the first'} to {ask.until or 'the last'}. Change them.")
    return replace(ask, days=days, since="", until="")


def choose(ask: AskSweep, source: Recordings, most: Most) -> Choice:
    """What of the recorded days is meant. Raises LabError: a name that was never recorded, or too many."""
    recorded = source.days()
    names = {symbol for symbol, _day in recorded}
    unknown = [symbol for symbol in ask.symbols if symbol not in names]
    if unknown:
        raise LabError(f"Not recorded: {_listed(unknown)}. Correct the name, or leave it out.")
    asked = set(ask.symbols)
    chosen = [each for each in recorded if (not asked or each[0] in asked) and (not ask.days or each[1] in ask.days)]
    if len(chosen) > most.tapes:
        days = len({day for _symbol, day in chosen})
        raise LabError(
            f"{len(chosen):,} symbol-days on {days} days are chosen; at most {most.tapes:,} are run at once. Choose "
            f"fewer days (about {max(1, most.tapes * days // len(chosen))}), or name the symbols."
        )
    present = {symbol for symbol, _day in chosen}
    return Choice(len(chosen), tuple(dict.fromkeys(each for each in ask.symbols if each not in present)))


def absent_words(choice: Choice) -> str:
    return f"Not recorded on the chosen days: {_listed(choice.absent)}."


def read_tapes(
    ask: AskSweep,
    source: Recordings,
    count: int,
    most: Most,
    tapes: list[Tape],
    refused: dict[tuple[str, str], str],
) -> Iterator[Progress]:
    """Fills `tapes`, one symbol-day a step; those without a bar are left out, and so are those that can't be used.

    Raises:
        LabError: nothing, or more than the memory of a run.
    """
    bars = 0
    for number, (symbol, tape) in enumerate(tapes_of(source, ask.symbols, ask.days, refused), start=1):
        if tape is not None:
            bars += len(tape.bars.time) + (len(tape.looks.time) if tape.looks is not None else 0)
            if bars > most.bars:
                raise LabError(
                    f"A run has memory for {most.bars:,} minutes, those of the day before included; here that is for "
                    f"{number - 1:,} of the {count:,} chosen symbol-days. Choose fewer days, or name the symbols."
                )
            tapes.append(tape)
        yield Progress(ask.job, number, count, f"reading {symbol}")
    if not tapes and refused:
        raise LabError(f"None of the chosen days can be used. {refused_words(refused, ask.folder)}")
    if not tapes:
        raise LabError("None of the chosen symbols was recorded on the chosen days. Choose other days or symbols.")


def refused_words(refused: Mapping[tuple[str, str], str], folder: str) -> str:
    """Each file of the folder that can't be used, with its line and reason."""
    texts = [text.replace(folder, "").lstrip("/\\") for text in refused.values()]
    more = f" And {len(texts) - MOST_REFUSED} more." if len(texts) > MOST_REFUSED else ""
    return " ".join(texts[:MOST_REFUSED]) + more


def _listed(names: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
