"""The connection time line: for the link, the IB servers and each data farm, when it was up, idle or down."""

from __future__ import annotations

from collections.abc import Iterable

from engine.broker.port import SystemNotice
from engine.state.sections import LinkSpan

LINK = "Connection"
SERVERS = "IB servers"
OFF = "off"
NOT_RUNNING = "QTrade was not running"
UNNAMED = "data farm"  # of which TWS does not say the name
CONNECTING = 2119
_MAX_SPANS = 400

# code -> (track or None for the farm that the text names, state)
_MEANING: dict[int, tuple[str | None, str]] = {
    1100: (SERVERS, "down"),
    1101: (SERVERS, "up"),
    1102: (SERVERS, "up"),
    2110: (SERVERS, "down"),
    2103: (None, "down"),
    2104: (None, "up"),
    2105: (None, "down"),
    2106: (None, "up"),
    2107: (None, "idle"),
    2108: (None, "idle"),
    2119: (None, "idle"),
    2157: (None, "down"),
    2158: (None, "up"),
}


class LinkTimeline:
    """Spans by track, oldest first; the last of each track is open. Engine thread only."""

    def __init__(self) -> None:
        self._spans: list[LinkSpan] = []
        self._open: dict[str, LinkSpan] = {}

    def mark(self, track: str, state: str, wall: float, text: str = "") -> float | None:
        """`track` is in `state` from `wall` on; returns how long the state before lasted when it changed."""
        current = self._open.get(track)
        if current is not None and current.state == state:
            return None
        if current is not None:
            self._close(current, wall)
        span = LinkSpan(track=track, state=state, from_wall=wall, to_wall=None, text=text)
        self._open[track] = span
        self._spans.append(span)
        del self._spans[:-_MAX_SPANS]
        return wall - current.from_wall if current else None

    def on_notice(self, notice: SystemNotice, wall: float) -> tuple[str, str, float | None] | None:
        """Take 1100 ... 2158: (track, state, seconds that the state before lasted), None when it says nothing new."""
        meaning = _MEANING.get(notice.code)
        if meaning is None:
            return None
        track = meaning[0] or notice.farm or UNNAMED
        if notice.code == CONNECTING and self.is_down(track):
            return None  # it tries: that is not back
        lasted = self.mark(track, meaning[1], wall, str(notice.code))
        return (track, meaning[1], lasted)

    def is_down(self, track: str) -> bool:
        span = self._open.get(track)
        return span is not None and span.state == "down"

    def ended(self, track: str, wall: float) -> float | None:
        """If it was down it is up from `wall` on: how long it was."""
        return self.mark(track, "up", wall) if self.is_down(track) else None

    def link_lost(self, wall: float, reason: str, *, is_asked: bool = False) -> list[str]:
        """The socket is gone: nothing is known of servers and farms until it is back; returns their tracks."""
        self.mark(LINK, "idle" if is_asked else "down", wall, reason)
        lost = [track for track in self._open if track != LINK]
        for track in lost:
            self._close(self._open.pop(track), wall)
        return lost

    def not_running(self, gaps: Iterable[tuple[float, float]]) -> None:
        """QTrade itself was away: (from, to) of each, oldest first and before anything that this run has seen."""
        away = [LinkSpan(LINK, OFF, begin, end, NOT_RUNNING) for begin, end in gaps]
        self._spans = [*away, *(span for span in self._spans if span.state != OFF)]

    def spans(self) -> tuple[LinkSpan, ...]:
        return tuple(self._spans)

    def _close(self, span: LinkSpan, wall: float) -> None:
        closed = LinkSpan(span.track, span.state, span.from_wall, wall, span.text)
        for index in range(len(self._spans) - 1, -1, -1):
            if self._spans[index] is span:
                self._spans[index] = closed
                return


def duration_text(seconds: float) -> str:
    """ "42 s", "5 min 48 s", "2 h 30 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
