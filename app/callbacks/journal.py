"""The Journal page's server callback: what its forms ask the engine to keep."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from dash import ClientsideFunction, Dash, Input, Output

from app.callbacks.requests import NOT_UP, Refused, is_request_id, is_up
from app.deps import AppDeps
from app.ids import Journal
from app.journal_desk import JournalDesk
from app.query import trade_date
from app.rows.journal_trades import page_id
from engine.errors import CommandRefused
from engine.state.commands import Command, JoinTrips, NoteDay, NoteStop, NoteTrip

INVALID = "The request is not valid. Reload the page."


def register(app: Dash, deps: AppDeps, desk: JournalDesk) -> None:
    """Add the page's input to `app`."""

    @app.callback(Output(Journal.REPLY, "data"), Input(Journal.REQUEST, "data"), prevent_initial_call=True)
    def ask(request: Any) -> dict[str, Any]:
        asked = request if isinstance(request, dict) else {}
        reply: dict[str, Any] = {"id": asked.get("id"), "errors": {}, "text": ""}
        try:
            commands = commands_of(asked, desk)
            if not is_up(deps):
                raise Refused(NOT_UP)
            for command in commands:
                deps.state.submit(command)
        except (Refused, CommandRefused) as refused:
            reply["text"] = str(refused)
        return reply

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("qtAsk", "reply"), Output(Journal.DONE, "data"), Input(Journal.REPLY, "data")
    )


def commands_of(asked: dict[str, Any], desk: JournalDesk) -> list[Command]:
    """What a form asks to keep; the page hears of the first. Raises Refused."""
    if asked.get("action") == "join":
        return [_join(asked, desk)]
    request_id, note = asked.get("id"), asked.get("note")
    tags = asked.get("tags")
    if not is_request_id(request_id) or not isinstance(note, str) or not isinstance(tags, list):
        raise Refused(INVALID)
    if not all(isinstance(tag, str) for tag in tags):
        raise Refused(INVALID)
    words = (note.strip(), tuple(tags))
    if asked.get("action") == "day-note":
        account, day = desk.account_of(asked.get("account")), trade_date(str(asked.get("day", "")))
        if not account or day is None:
            raise Refused(INVALID)
        return [NoteDay(request_id, account, f"{day:%Y%m%d}", *words)]
    return _of_trip(request_id, asked, desk, *words)


def _join(asked: dict[str, Any], desk: JournalDesk) -> Command:
    """Two trades of a roll as one campaign, or as two. Raises Refused."""
    request_id, joined = asked.get("id"), asked.get("joined")
    if not is_request_id(request_id) or not isinstance(joined, bool):
        raise Refused(INVALID)
    book = desk.kept().book
    by_id = {trip.id: trip for trip in book.trips}
    for roll in book.rolls:
        closed, opened = by_id.get(roll.closed), by_id.get(roll.opened)
        if closed is None or opened is None:
            continue
        if (page_id(closed), page_id(opened)) == (asked.get("closed"), asked.get("opened")):
            of = (closed.account, closed.key.model, roll.closed_root, roll.opened_root)
            return JoinTrips(request_id, *of, joined)
    raise Refused("This roll is not in the journal any more: a statement may have changed it. Look again.")


def _of_trip(
    request_id: str, asked: dict[str, Any], desk: JournalDesk, note: str, tags: tuple[str, ...]
) -> list[Command]:
    book = desk.kept().book
    trip = next((trip for trip in book.trips if page_id(trip) == asked.get("trip")), None)
    if asked.get("action") != "trip-note" or trip is None:
        raise Refused("This trade is not in the journal any more: a statement may have changed it. Look again.")
    of = (trip.account, trip.key.model, trip.con_id, trip.root)
    before, stop = None if trip.stop is None else float(trip.stop), _stop(asked.get("stop"))
    commands: list[Command] = [NoteTrip(request_id, *of, note, tags)]
    if stop != before:  # the first one counts: another is noted once those before are a slip
        commands += [NoteStop(uuid4().hex, *of, None)] if before is not None else []
        commands += [NoteStop(uuid4().hex, *of, stop)] if stop is not None else []
    return commands


def _stop(text: Any) -> float | None:
    """The price that was typed; None = no stop. Raises Refused."""
    if not isinstance(text, str):
        raise Refused(INVALID)
    plain = text.replace(",", "").strip()
    if not plain:
        return None
    try:
        return float(plain)
    except ValueError:
        raise Refused(f"The stop is {text[:20]!r}; must be a price, e.g. 269.50.") from None
