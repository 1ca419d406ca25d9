"""Carries decisions out: the one place that calls broker.subscribe and broker.cancel, and the ledger's book-keeping.

A line's request that has not left yet is simply taken back; one that has left is freed 0.25 s after its cancel left.
Engine thread only.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.broker.port import BrokerPort, Rerouted
from engine.clock import Clock, minute_told
from engine.domain import LineClass, LineSpan
from engine.lines import repair, words
from engine.lines.diary import Diary
from engine.lines.ledger import Ledger, Line
from engine.lines.log_lines import LineLog
from engine.lines.model import RANK, Cancel, Keep, Subscribe
from engine.lines.quotes import QuoteBook

FREED_AFTER_S = 0.25  # from the cancel's leaving until the gateway can have freed the line
FREED_AT_LATEST_S = 60.0
LOST = "lost with the connection"  # app/rows/line_day.py knows it by these words, also in journals of before
GOT_BACK_S = 900.0  # an outage longer than that ends what a symbol held
OPEN_FOR_SURE_S = 60.0  # a refusal comes sooner, so a silent line of that age is open


class LineExecutor:
    """`market_time` turns wall into market seconds; `on_span` gets each line that ended and was no mere visit."""

    def __init__(
        self,
        broker: BrokerPort,
        clock: Clock,
        ledger: Ledger,
        diary: Diary,
        log: LineLog,
        book: QuoteBook,
        market_time: Callable[[float], float],
        on_span: Callable[[LineSpan], None],
    ) -> None:
        self._broker = broker
        self._clock = clock
        self._ledger = ledger
        self._diary = diary
        self._log = log
        self._book = book
        self._market_time = market_time
        self._lost: dict[int, tuple[float, float]] = {}  # con_id -> held since, lost with the connection at; wall
        self._on_span = on_span
        self.epoch = 0

    def settle(self, now_mono: float, is_wanted: Callable[[int], bool]) -> None:
        """Note which requests have left, and let go of the lines that the gateway can have freed."""
        for line in self._ledger:
            if line.listens:
                self.note_sent(line)
            elif self._is_freed(line, now_mono):
                if line.state == "renewing" and is_wanted(line.con_id):
                    self._request(line)
                else:
                    self.drop(line)

    def note_sent(self, line: Line) -> None:
        """Learn when the request left, once; the dwell and the wait for the first tick count from then."""
        if line.sent_mono is not None:
            return
        sent = self._broker.sent_at_mono(line.req_id)
        if sent is not None:
            line.sent_mono = line.listen_from_mono = sent

    def lines_before(self, line: Line) -> int:
        """How many lines the gateway counted when it met this line's request, that one included.

        Exact: messages are met in the order in which they left, and lines refused earlier are dropped already.
        """
        self.note_sent(line)
        sent = self._clock.mono() if line.sent_mono is None else line.sent_mono
        return 1 + sum(1 for other in self._ledger if other is not line and self._counted_at(other, sent))

    def _counted_at(self, line: Line, moment: float) -> bool:
        self.note_sent(line)
        if line.sent_mono is None or line.sent_mono > moment:
            return False
        if line.listens:
            return True
        left = self._broker.cancel_sent_at_mono(line.req_id)
        return left is None or left > moment

    def ask_later(self, line: Line, now_mono: float) -> None:
        """TWS had not freed it yet when it was asked for again: once more after the usual time."""
        line.state, line.freed_mono = "renewing", now_mono + FREED_AFTER_S

    def _is_freed(self, line: Line, now_mono: float) -> bool:
        if line.freed_mono is not None:
            return now_mono >= line.freed_mono
        left = self._broker.cancel_sent_at_mono(line.req_id)
        if left is None:
            return now_mono - line.cancelled_mono >= FREED_AT_LATEST_S
        return now_mono - left >= FREED_AFTER_S

    # --- the plan's items -------------------------------------------------------------------------------------

    def keep(self, keep: Keep, now_mono: float) -> None:
        """The line goes on; a change of class is a change in the ledger, not a request."""
        line = self._ledger.get(keep.con_id)
        if line is None:
            return
        line.demand = keep.demand
        if keep.demand is None:
            line.idle_since_mono = now_mono if line.idle_since_mono is None else line.idle_since_mono
        else:
            line.idle_since_mono = None
            line.contract = keep.demand.contract  # it may be better known by now; a renewal asks with it
            line.score, line.reason = keep.demand.score, keep.demand.reason
            line.borrowed = keep.demand.borrowed
        if keep.line_class != line.line_class:
            self._change_class(line, keep.line_class, now_mono)
        if line.line_class == line.strongest and keep.demand is not None:
            line.strongest_reason = line.reason

    def _change_class(self, line: Line, line_class: LineClass, now_mono: float) -> None:
        before, line.line_class = line.line_class, line_class
        line.brief = False  # it was raised: more than a price is wanted of it from now on
        line.class_since_mono = now_mono
        line.strongest = min(line.strongest, line_class, key=RANK.__getitem__)
        self._book.set_lane(line.con_id, line.lane)
        is_up = RANK[line_class] < RANK[before]
        text = f"{words.class_name(before)} -> {words.class_name(line_class)}: {line.reason}"
        self._diary.note("upgraded" if is_up else "downgraded", line.contract, text, self._clock.wall())
        if is_up:
            self._diary.admitted(line.con_id)
            self._log.raised(line.symbol, before, line_class)

    def cancel(self, cancel: Cancel, now_mono: float) -> None:
        line = self._ledger.get(cancel.con_id)
        if line is not None:
            line.taken_by = cancel.evicted_by
            self.give_back(line, cancel.reason, now_mono, evicted=bool(cancel.evicted_by))

    def give_back(self, line: Line, reason: str, now_mono: float, *, evicted: bool = False) -> None:
        """Cancel a line for good, with the reason in the diary."""
        self._say_goodbye(line, reason, evicted=evicted)
        if line.listens:
            self._withdraw(line, now_mono)
        line.state = "cancelling"
        if line.sent_mono is None:  # the request never left: nothing is open, nothing is to be freed
            self.drop(line)

    def subscribe(self, wish: Subscribe, now_mono: float) -> None:
        demand = wish.demand
        req_id = self._broker.subscribe(demand.contract, urgent=wish.line_class == "100")
        wall = self._clock.wall()
        line = Line(
            contract=demand.contract,
            req_id=req_id,
            line_class=wish.line_class,
            demand=demand,
            score=demand.score,
            reason=demand.reason,
            since_mono=now_mono,
            since_wall=self._held_since(demand.contract.con_id, wish.line_class, wall),
            class_since_mono=now_mono,
            epoch=self.epoch,
            opened_as=wish.line_class,
            strongest=wish.line_class,
            strongest_reason=demand.reason,
            opened_wall=wall,
            borrowed=demand.borrowed,
            brief=demand.brief,
        )
        self._ledger.open(line)
        self.note_sent(line)
        self._diary.opened[wish.line_class] += 1
        self._diary.admitted(line.con_id, visit=wish.line_class == "coverage")
        if wish.line_class != "coverage":
            text = f"{words.class_name(wish.line_class)}: {demand.reason}"
            self._diary.note("admitted", demand.contract, text, wall)

    def on_rerouted(self, event: Rerouted) -> None:
        """The same line, its prices from another contract."""
        line = self._ledger.by_req.get(event.req_id)
        if line is not None:
            line.route = words.routed(line.contract, event.exchange)

    # --- renewing ---------------------------------------------------------------------------------------------

    def renew(self, line: Line, now_mono: float) -> None:
        """Cancel, and ask again when the gateway can have freed it; the line keeps its place in the ledger.

        A position's is asked for with the very next message: it is never without one for longer.
        """
        is_first_wait = line.verify_since_mono is None
        reason = f"no tick {repair.FIRST_TICK_S:.0f} s after the request" if is_first_wait else line.verify_reason
        line.asked_again = line.asked_again or is_first_wait
        line.verify_since_mono = None
        line.competing = False  # TWS says it again if it is still so
        line.renewed_mono = now_mono
        self._log.renewed(line.symbol, reason)
        self._withdraw(line, now_mono)
        line.state = "renewing"
        if line.line_class == "100":
            self._request(line)

    def _request(self, line: Line) -> None:
        req_id = self._broker.subscribe(line.contract, urgent=line.line_class == "100")
        self._ledger.rebind(line, req_id)
        line.state, line.freed_mono = "pending", None
        line.sent_mono = line.listen_from_mono = line.first_tick_mono = None
        self.note_sent(line)

    # --- letting go -------------------------------------------------------------------------------------------

    def drop(self, line: Line) -> None:
        """The gateway has no such line (any more)."""
        self._ledger.drop(line)
        self._book.set_lane(line.con_id, "visited")
        if line.strongest != "coverage" and self._was_open(line):
            self._on_span(self._span_of(line))

    def lose(self, line: Line) -> None:
        """It went with the connection: who has it again soon has held it all the time."""
        if line.line_class != "coverage" and line.listens:
            self._lost[line.con_id] = (line.since_wall, self._clock.wall())
        self.farewell(line, LOST)
        self.drop(line)

    def _held_since(self, con_id: int, line_class: LineClass, wall: float) -> float:
        since, lost = self._lost.get(con_id, (wall, 0.0))
        if line_class == "coverage":
            return wall
        self._lost.pop(con_id, None)
        return since if 0.0 <= wall - lost <= GOT_BACK_S else wall

    def _was_open(self, line: Line) -> bool:
        """A request that was refused, or taken back unsent, held nothing."""
        return line.last_tick_mono is not None or self._clock.mono() - line.since_mono >= OPEN_FOR_SURE_S

    def _span_of(self, line: Line) -> LineSpan:
        return LineSpan(
            con_id=line.con_id,
            local_symbol=line.symbol,
            line_class=line.strongest,
            from_market=self._market_time(line.opened_wall),
            to_market=self._market_time(max(line.opened_wall, self._clock.wall())),
            why=line.strongest_reason,
            end=line.end or "TWS has no such line any more",
            by=line.taken_by,
        )

    def farewell(self, line: Line, word: str) -> None:
        """Remember why its last line went: "`word` 10:42 ..."."""
        line.end = word
        first, _, rest = word.partition(" ")
        self._diary.farewell(
            line.con_id, f"{first} {minute_told(self._market_time(self._clock.wall()))} {rest}".rstrip()
        )

    def _withdraw(self, line: Line, now_mono: float) -> None:
        self.note_sent(line)
        self._broker.cancel(line.req_id, urgent=line.line_class == "100")
        line.cancelled_mono = now_mono
        self._book.set_lane(line.con_id, "visited")

    def _say_goodbye(self, line: Line, reason: str, *, evicted: bool) -> None:
        self.farewell(line, reason if evicted else f"released ({reason})")
        (self._diary.evicted if evicted else self._diary.released)[line.line_class] += 1
        if line.line_class != "coverage":
            self._diary.note("evicted" if evicted else "released", line.contract, reason, self._clock.wall())
            self._log.gone(line.symbol, line.line_class, reason, evicted=evicted)
