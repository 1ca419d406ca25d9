"""docs/session.md out of the tables of `session_states`: `python -m engine.broker.session_diagram` writes it. Pure but
for that."""

from __future__ import annotations

from pathlib import Path

from engine.broker.session_states import (
    ABOUT,
    CONNECTED,
    ENDS,
    EXCUSE_S,
    EXCUSED,
    RESTING,
    TABLE,
    TROUBLES,
    Action,
    Event,
    State,
)
from engine.broker.timings import Timings

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "session.md"

_HEAD = """# The session

Made by `python -m engine.broker.session_diagram` out of the tables in `engine/broker/session_states.py`; a test holds
the two together. `IBBroker` is driven by these tables: its phase, whether it counts as connected, and what happens when
a state lasts too long. What the tables do not foresee changes nothing and is logged.

The engine looks at servers and quotes four times a second and tells the machine. A connection may have several
troubles at once: the worst is its state, the others are remembered, and when it is over the next one is. "at most" is
the state's time-out; where something closer to the wire acts on it first, the machine does so 15 s later, should that
fail.
"""

_EXCUSES = """## IB's reset windows

What happens at the hours of `engine/broker/reset_windows.py` is expected: it is amber instead of red, on the pages
alone, for {minutes} minutes of one outage and never beyond the window. `/healthz` says "degraded" all the same.
"""


def document() -> str:
    """The whole page, with a line feed at its end."""
    minutes = f"{EXCUSE_S / 60:.0f}"
    return "\n".join([_HEAD, _diagram(), _states(), _transitions(), _EXCUSES.format(minutes=minutes)])


def _name(state: State) -> str:
    return state.name.lower()


def _diagram() -> str:
    """Mermaid; the states of one connection stand in a frame, so that what all of them do is one arrow."""
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{state.value}" as {_name(state)}' for state in State if state not in CONNECTED]
    lines += ["    state connected {"]
    lines += [f'        state "{state.value}" as {_name(state)}' for state in CONNECTED]
    for trouble in TROUBLES:
        lines += [
            f"        live --> {_name(trouble.state)}: {trouble.begins.value}",
            f"        {_name(trouble.state)} --> live: {trouble.ends.value}",
        ]
    lines += [*_excuse_arrows(8, inside=True), "    }", "    [*] --> stopped"]
    for (state, event), step in TABLE.items():
        if state in CONNECTED or event in (Event.STOP, Event.CONNECT) or step.to is None:
            continue
        if step.to is not state and state not in EXCUSED.values():
            target = "connected" if step.to in CONNECTED else _name(step.to)
            lines.append(f"    {_name(state)} --> {target}: {event.value}")
    lines += [f"    connected --> {_name(resting)}: {event.value}" for event, resting in ENDS.items()]
    lines += [f"    {_name(state)} --> connecting: {Event.CONNECT.value}" for state in RESTING]
    lines += [*_excuse_arrows(4, inside=False), "    connected --> stopped: stop", "```", ""]
    return "\n".join(lines)


def _excuse_arrows(indent: int, *, inside: bool) -> list[str]:
    arrows = []
    for red, excused in EXCUSED.items():
        if (red in CONNECTED) is inside:
            arrows.append(f"{' ' * indent}{_name(excused)} --> {_name(red)}: {Event.EXCUSE_OVER.value}")
    if inside:
        begins = next(trouble.begins for trouble in TROUBLES if trouble.state in EXCUSED)
        arrows.append(f"{' ' * indent}live --> {_name(State.RESET)}: {begins.value}, in a reset window")
    return arrows


def _states() -> str:
    lines = [
        "## States",
        "",
        "| state | shown as | words | at most | then |",
        "|---|---|---|---|---|",
    ]
    timings = Timings()
    for state, about in ABOUT.items():
        limit_s = about.limit_s(timings)
        action = TABLE[state, Event.TIMED_OUT].action if (state, Event.TIMED_OUT) in TABLE else Action.NOTHING
        limit = f"{limit_s:g} s" if limit_s is not None else "-"
        if state in EXCUSED.values():
            limit = f"{EXCUSE_S / 60:.0f} min of one outage"
            action_words = f"`{next(red for red, excused in EXCUSED.items() if excused is state).value}`"
        else:
            action_words = action.value or "-"
        words = f"**{about.title}.** {about.cause} {about.cure}".rstrip()
        lines.append(f"| {state.value} | {about.tone} | {words} | {limit} | {action_words} |")
    return "\n".join([*lines, ""])


def _transitions() -> str:
    """Each event with the states in which it is foreseen, by where it leads."""
    lines = ["## Events", "", "| event | in | leads to |", "|---|---|---|"]
    for event in Event:
        targets: dict[str, list[State]] = {}
        for (state, foreseen), step in TABLE.items():
            if foreseen is event:
                to = "the worst trouble that goes on, else live" if step.to is None else step.to.value
                to = f"itself; {step.action.value}" if step.to is state and step.action else to
                targets.setdefault(to, []).append(state)
        for to, states in targets.items():
            where = "any state" if len(states) == len(State) else ", ".join(state.value for state in states)
            lines.append(f"| {event.value} | {where} | {to} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8", newline="\n")
