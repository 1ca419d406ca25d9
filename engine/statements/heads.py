"""The statements of a file: whose, of which days, made when; and which account each name in it means. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime

from msgspec import Struct

from engine.statements.dates import Dated, Terms, moment
from engine.statements.raw import Head, RawFile
from engine.statements.verdicts import Choice, Question

LEFT_OUT = ""  # in place of an account: its rows are not wanted
_MASK = re.compile(r"(\w*)\*+(\w+)")
_NEVER = "00000000T000000"


class Statement(Struct, frozen=True):
    """One statement as it is stored. Days YYYYMMDD, "" = not told; `generated` UTC epoch seconds, None = not told."""

    id: str
    from_day: str
    to_day: str
    generated: float | None
    base_currency: str
    sections: tuple[str, ...]


def statements_of(file: RawFile, terms: Terms, sha256: str) -> list[Statement]:
    """In the order of the file's heads. Ids sort by when the statement was made."""
    return [_statement(head, place, terms, sha256) for place, head in enumerate(file.heads)]


def _statement(head: Head, place: int, terms: Terms, sha256: str) -> Statement:
    first, last = _day(head.from_date, terms), _day(head.to_date, terms)
    generated = None
    if head.generated:
        try:
            generated = moment(head.generated, terms).at
        except Dated:
            generated = None
    if generated is not None:
        stamp = datetime.fromtimestamp(generated, UTC).strftime("%Y%m%dT%H%M%S")
    else:
        stamp = f"{last}T000000" if last else _NEVER
    return Statement(
        f"{stamp}.{sha256[:12]}.{place:05d}", first, last, generated, head.base_currency, tuple(sorted(head.sections))
    )


def _day(text: str, terms: Terms) -> str:
    try:
        return moment(text, terms).label if text else ""
    except Dated:
        return ""


def account_of(name: str, known: Collection[str], aliases: Mapping[str, str]) -> str | None:
    """Which account a name in a file means; "" = its rows are left out, None = nobody has said."""
    text = name.strip()
    by_name = {each.upper(): each for each in known}
    if text.upper() in by_name:
        return by_name[text.upper()]
    if (alias := aliases.get(text)) is not None and (alias == LEFT_OUT or alias in known):
        return alias
    if masked := _MASK.fullmatch(text):
        start, end = masked.groups()
        fitting = [
            each for each in known if each.upper().startswith(start.upper()) and each.upper().endswith(end.upper())
        ]
        return fitting[0] if len(fitting) == 1 else None
    return None


def account_questions(unknown: Iterable[str], known: Collection[str]) -> list[Question]:
    choices = tuple(Choice(each, f"It is {each}") for each in known)
    leave = Choice("-", "Leave its rows out")
    return [
        Question(
            f"account:{name}",
            f"The file speaks of {name!r}, which is no account of this login."
            if name
            else "The file does not say whose statement it is.",
            (*choices, leave),
        )
        for name in sorted(unknown)
    ]
