"""The desk of the alerts: holds rules and what they found, looks once a second, hears the page.

Engine thread. What is decided is `decide`'s; what goes out is the post office's; both are kept in the journal, and
what happened together is written together.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from msgspec.structs import replace

from engine.alerts.decide import decide, is_told_once
from engine.alerts.facts import Facts, Now
from engine.alerts.kinds import (
    ANY,
    CHANNELS_MOST,
    COOL_DOWN_MOST_MIN,
    DEAD_CHANNEL,
    KINDS,
    RuleRefused,
    checked,
    defaults,
    kind_of,
)
from engine.alerts.life import Known, Step, over, restored, woken
from engine.alerts.looks import Look
from engine.alerts.named_lists import LIST, list_name, with_list
from engine.alerts.outbox import queued
from engine.alerts.post import PostOffice
from engine.alerts.words import briefly, level_text, sentence, titled
from engine.clock import NEW_YORK, Clock
from engine.state.alert_sections import (
    BROWSER,
    UNTIL_CLEARED,
    AlertSeverity,
    AlertsSection,
    Delivery,
    Occurrence,
    Rule,
    RuleRow,
)

log = logging.getLogger("qtrade.alerts")

RULES_MOST = 200
OVER_KEPT = 300
SHOWN_OPEN, SHOWN_OVER = 200, 150
SNOOZES_S = {"15m": 900.0, "1h": 3_600.0, "4h": 14_400.0}
DAY_ENDS_AT = 20  # New York: the next trade date of US stocks begins
OWN = Rule(0, 1, DEAD_CHANNEL.name, {}, (), "urgent", 15.0, 0.0)


class Keeper(Protocol):
    """The journal, as the desk uses it: each call is one transaction."""

    def record_rule(self, rule: Rule, at_market: float) -> None: ...

    def record_occurrence(
        self, occurrence: Occurrence, deliveries: Iterable[Delivery] = (), rule: Rule | None = None
    ) -> None: ...


class AlertDesk:
    """`facts` of a moment, `quiet_until` a wall time; `lists` = uids and names of the user's own lists; `decimals_of` a
    contract's price, None = not known.
    """

    def __init__(
        self,
        keeper: Keeper,
        post: PostOffice,
        clock: Clock,
        market_now: Callable[[], float],
        facts: Callable[[Now, frozenset[int]], Facts],
        quiet_until: Callable[[float], float | None],
        lists: Callable[[], tuple[tuple[int, str], ...]] = tuple,
        accounts: Callable[[], tuple[str, ...]] = tuple,
        symbol_of: Callable[[int], str] = str,
        decimals_of: Callable[[int, float], int | None] = lambda con_id, price: None,
    ) -> None:
        self._keeper = keeper
        self._post = post
        self._clock = clock
        self._market_now = market_now
        self._facts = facts
        self._quiet_until = quiet_until
        self._lists = lists
        self._accounts = accounts
        self._symbol_of = symbol_of
        self._decimals_of = decimals_of
        self._rules: dict[int, Rule] = {OWN.id: OWN}
        self._known: dict[int, dict[str, Known]] = {}
        self._over: dict[int, Occurrence] = {}  # oldest first
        self._firsts: dict[int, str] = {}
        self._receipts: dict[int, dict[tuple[str, str], str]] = {}
        self._last_id = 0
        self._known_lists: tuple[tuple[int, str], ...] | None = None
        self._currency = ""
        self._is_ready = False
        self._has_snoozed = False  # ever: what nobody has snoozed need not be searched
        self._muted: set[int] = set()  # occurrences whose call waits for the end of quiet hours
        self._shown: AlertsSection | None = None  # None = to be made anew
        self.raised: Counter[AlertSeverity] = Counter()  # in this run, without what was so before

    # --- kept -------------------------------------------------------------------------------------------------

    def restore(self, rules: Iterable[Rule], occurrences: Iterable[Occurrence], deliveries: Iterable[Delivery]) -> None:
        """What an earlier run kept. The first look of each rule finds what was so before it."""
        now, rules, occurrences = self._now(), list(rules), list(occurrences)
        # A clock that was set back in between must not give a number that is taken.
        given = [*(rule.id for rule in rules), *(max(each.id, each.call_id) for each in occurrences)]
        self._last_id = max([self._last_id, *given])
        self._rules = {OWN.id: OWN} | {rule.id: rule for rule in rules if not rule.deleted and _is_known(rule)}
        self._known, self._over = {}, {}
        self._firsts, self._known_lists = dict.fromkeys(self._rules, "start"), None
        for occurrence in sorted(occurrences, key=lambda each: each.raised_wall):
            rule = self._rules.get(occurrence.rule_id)
            if rule is not None and rule.enabled and rule.version == occurrence.rule_version:
                known = restored(occurrence, now)
                self._known.setdefault(rule.id, {})[occurrence.subject] = known
                if not occurrence.is_open:
                    self._keep_over(occurrence)
            else:
                self._end(occurrence, now)
        self._has_snoozed = any(each.snoozed_until is not None for each in self._occurrences())
        self._muted = {each.id for each in self._occurrences() if each.call_waits}
        waiting = list(deliveries)
        for delivery in waiting:
            self._note_receipt(delivery)
        self._post.restore(each for each in waiting if each.is_waiting or each.state == "sending")
        self._is_ready = True
        self._shown = None

    def forget(self) -> None:
        """Another login comes: nothing of the former one's is looked at any more."""
        self._rules, self._known, self._over = {OWN.id: OWN}, {}, {}
        self._firsts, self._receipts, self._muted = {}, {}, set()
        self._is_ready = False
        self._post.forget()
        self._shown = None

    # --- each second ------------------------------------------------------------------------------------------

    @property
    def watched(self) -> frozenset[int]:
        """con_ids whose every price counts: those with a level."""
        return frozenset(
            rule.values["symbol"] for rule in self._rules.values() if rule.kind == "price" and rule.enabled
        )

    def step(self) -> None:
        """Look at everything, hand on what is to be told."""
        if not self._is_ready:
            return
        now = self._now()
        self._note_lists(now)
        facts = self._facts(now, self.watched)
        self._note_currency(facts)
        decision = decide(self._rules.values(), self._known, facts, now, self._firsts)
        for rule_id in decision.looked & self._firsts.keys():
            del self._firsts[rule_id]
        self._rules |= decision.rules
        unkept = dict(decision.rules)
        for rule, step in decision.steps:
            if self._take(rule, step, now, rule.id in unkept):
                unkept.pop(rule.id, None)
        for rule in unkept.values():
            self._keeper.record_rule(rule, now.market)
        self._call_muted(now)
        if decision.steps or decision.rules:
            self._shown = None
        self._post.step(self._standing, self._quiet_until(now.wall))

    def _take(self, rule: Rule, step: Step, now: Now, is_other: bool) -> bool:
        """Whether the rule was kept together with what it found; `is_other` than it was kept before = it has to be."""
        mine = self._known.setdefault(rule.id, {})
        known = step.known
        if known is None:
            mine.pop(step.subject, None)
            return False
        occurrence = self._raised(rule, step, now) if step.raised is not None else known.occurrence
        if occurrence is None or step.event is None:
            mine[step.subject] = replace(known, occurrence=occurrence)
            return False
        deliveries: list[Delivery] = []
        if self._is_told(rule, occurrence, step.event):
            if step.event != "cleared":
                occurrence = self._called(rule, occurrence, now)
                if is_told_once(rule):
                    rule, is_other = replace(rule, enabled=False), True
            event = f"again{occurrence.again}" if step.event == "again" else step.event
            deliveries = self._deliveries(rule, occurrence, event, now)
            log.info("Alert %s: %s", step.event, briefly(kind_of(rule.kind), occurrence))
        mine[step.subject] = replace(known, occurrence=occurrence)
        self._rules[rule.id] = rule
        self._keeper.record_occurrence(occurrence, deliveries, rule if is_other else None)
        self._post.queue(deliveries)
        for delivery in deliveries:
            self._note_receipt(delivery)
        if step.event == "cleared":
            self._keep_over(occurrence)
        elif step.event == "raised" and not occurrence.found:
            self.raised[occurrence.severity] += 1
        if not rule.enabled:
            self._end_all(rule.id, now)
        return is_other

    def _raised(self, rule: Rule, step: Step, now: Now) -> Occurrence:
        look = step.raised
        assert look is not None
        decimals = None
        if look.con_id is not None and look.level is not None:
            decimals = self._decimals_of(look.con_id, look.level)
        title, text = titled(kind_of(rule.kind), rule.values, look, decimals)
        until, of_symbol = self._snooze_of(rule.id, look, now)
        return Occurrence(
            id=self._next_id(),
            rule_id=rule.id,
            rule_version=rule.version,
            kind=rule.kind,
            subject=step.subject,
            severity=rule.severity,
            state="raised",
            title=title,
            text=text,
            value=look.value,
            raised_wall=now.wall,
            raised_market=now.market,
            changed_wall=now.wall,
            account=look.account,
            con_id=look.con_id,
            symbol=look.symbol,
            snoozed_until=until,
            snooze_symbol=of_symbol,
            found=step.found,
        )

    def _called(self, rule: Rule, occurrence: Occurrence, now: Now) -> Occurrence:
        """Open pages sound and show it, where its rule wants that: now, or when the quiet hours end."""
        if BROWSER not in rule.channels:
            return occurrence
        if occurrence.severity != "urgent" and self._quiet_until(now.wall) is not None:
            self._muted.add(occurrence.id)
            return replace(occurrence, call_waits=True)
        self._muted.discard(occurrence.id)
        return replace(occurrence, call_id=self._next_id(), call_wall=now.wall, call_waits=False)

    def _call_muted(self, now: Now) -> None:
        """The quiet hours are over: what still stands calls."""
        if not self._muted or self._quiet_until(now.wall) is not None:
            return
        muted, standing, self._muted = self._muted, self._standing(), set()
        for each in [each for each in self._occurrences() if each.id in muted & standing]:
            self._change(replace(each, call_id=self._next_id(), call_wall=now.wall, call_waits=False))

    def _snooze_of(self, rule_id: int, look: Look, now: Now) -> tuple[float | None, bool]:
        """A snooze goes on over the end of what it was put on, and one of a symbol counts for all of it."""
        if not self._has_snoozed:
            return None, False
        for each in self._occurrences():
            if each.snoozed_until is None or not now.wall < each.snoozed_until:
                continue
            is_same = each.rule_id == rule_id and each.subject == look.subject
            if is_same or (each.snooze_symbol and each.con_id == look.con_id and look.con_id is not None):
                return each.snoozed_until, each.snooze_symbol
        return None, False

    def _is_told(self, rule: Rule, occurrence: Occurrence, event: str) -> bool:
        if event == "cleared":
            return rule.tell_cleared and not occurrence.found and occurrence.snoozed_until is None
        return not (event == "raised" and occurrence.found) and occurrence.snoozed_until is None

    def _deliveries(self, rule: Rule, occurrence: Occurrence, event: str, now: Now) -> list[Delivery]:
        channels = rule.channels if rule.id else self._post.names()
        quiet = self._quiet_until(now.wall)
        return [
            queued(occurrence, name, event, now.wall, quiet)
            for name in channels
            if name != BROWSER and self._post.usable(name) and not (rule.id == OWN.id and name == occurrence.subject)
        ]

    def _standing(self) -> frozenset[int]:
        """What nobody has seen or snoozed and is not over; a price that was reached is news until it is seen."""
        return frozenset(
            each.id
            for each in self._occurrences()
            if each.seen_wall is None and each.snoozed_until is None and (each.is_open or each.kind == "price")
        )

    def _note_receipt(self, delivery: Delivery) -> None:
        words = delivery.state + (f": {delivery.words}" if delivery.words else "")
        self._receipts.setdefault(delivery.occurrence_id, {})[delivery.channel, delivery.event] = words
        while len(self._receipts) > OVER_KEPT:
            del self._receipts[next(iter(self._receipts))]
        self._shown = None

    def on_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        """The post office tells how they stand."""
        for delivery in deliveries:
            self._note_receipt(delivery)

    def on_channels(self) -> None:
        """A channel came, went or answered."""
        self._shown = None

    # --- the page ---------------------------------------------------------------------------------------------

    def keep_rule(
        self,
        rule_id: int,
        kind_name: str,
        values: Mapping[str, Any],
        channels: Iterable[str],
        severity: AlertSeverity | None = None,
        cool_down_min: float | None = None,
        tell_cleared: bool = False,
        urgent_after_min: float = 0.0,
    ) -> str:
        """A new rule (id 0), or another version of one; it is on. Raises RuleRefused."""
        self._must_be_ready()
        before = self._rule(rule_id) if rule_id else None
        if before is None and len(self._rules) > RULES_MOST:
            raise RuleRefused(f"There are {RULES_MOST} rules already; delete one first.")
        kind = kind_of(kind_name)
        if kind.name not in KINDS:
            raise RuleRefused("This alert is QTrade's own.")
        clean = checked(kind, values, dict(self._lists()), self._accounts())
        names = tuple(dict.fromkeys(channels))
        unknown = [name for name in names if name != BROWSER and name not in self._post.names()]
        if unknown or len(names) > CHANNELS_MOST:
            raise RuleRefused(f"There is no channel {unknown[0][:40]!r}." if unknown else "Too many channels.")
        pause = kind.cool_down_min if cool_down_min is None else cool_down_min
        for minutes, what in ((pause, "At most every"), (urgent_after_min, "Urgent after")):
            if not 0.0 <= minutes <= COOL_DOWN_MOST_MIN:
                raise RuleRefused(f"{what}: must be 0 to {COOL_DOWN_MOST_MIN:g} minutes.")
        now = self._now()
        rule = Rule(
            id=before.id if before else self._next_id(),
            version=before.version + 1 if before else 1,
            kind=kind.name,
            values=clean,
            channels=names,
            severity=severity or kind.severity,
            cool_down_min=float(pause),
            changed_wall=now.wall,
            tell_cleared=tell_cleared,
            urgent_after_min=float(urgent_after_min),
        )
        self._end_all(rule.id, now)
        self._put(rule, now)
        self._firsts[rule.id] = "made"
        return f"You are told when {self._sentence(rule)}."

    def usual_rules(self) -> str:
        """One rule of each usual kind that there is none of yet."""
        self._must_be_ready()
        have = {rule.kind for rule in self._rules.values()}
        wanted = [kind for kind in KINDS.values() if kind.usual and kind.name not in have]
        channels = (BROWSER, *(name for name in self._post.names() if self._post.usable(name)))
        for kind in wanted:
            self.keep_rule(0, kind.name, defaults(kind), channels)
        return f"{len(wanted)} rules were added." if wanted else "There is one of each already."

    def switch_rule(self, rule_id: int, *, on: bool) -> str:
        now, rule = self._now(), self._rule(rule_id)
        self._end_all(rule_id, now)
        memory = {} if on else rule.memory
        self._put(replace(rule, enabled=on, version=rule.version + 1, memory=memory, changed_wall=now.wall), now)
        self._firsts[rule_id] = "made"
        return f"{'On' if on else 'Off'}: {self._sentence(rule)}."

    def delete_rule(self, rule_id: int) -> str:
        now, rule = self._now(), self._rule(rule_id)
        self._end_all(rule_id, now)
        self._keeper.record_rule(replace(rule, deleted=True, changed_wall=now.wall), now.market)
        del self._rules[rule_id]
        self._firsts.pop(rule_id, None)
        self._known.pop(rule_id, None)
        self._shown = None
        return f"Deleted: {self._sentence(rule)}."

    def see(self, ids: Iterable[int]) -> str:
        """These were looked at; () = all that are new."""
        wanted, now = set(ids), self._now()
        for each in [*self._occurrences()]:
            if each.seen_wall is None and (each.id in wanted or not wanted):
                self._change(replace(each, seen_wall=now.wall))
        return "Seen."

    def snooze(self, occurrence_id: int, until: str, *, symbol: bool = False) -> str:
        """`until`: 15m, 1h, 4h, day, cleared, or "" = end it. `symbol` = all of its symbol. Raises RuleRefused."""
        now = self._now()
        found = next((each for each in self._occurrences() if each.id == occurrence_id), None)
        if found is None:
            raise RuleRefused("This alert is not known any more.")
        wall = self._until(until, now)
        self._has_snoozed = True
        same = [
            each
            for each in self._open()
            if each.id == occurrence_id or (symbol and found.con_id is not None and each.con_id == found.con_id)
        ]
        if not same and wall == UNTIL_CLEARED:
            raise RuleRefused("This alert is over already.")
        chosen = same or [found]
        for each in self._replaced(found, chosen, of_symbol=symbol or (wall is None and found.snooze_symbol)):
            self._change(replace(each, snoozed_until=None, snooze_symbol=False))
        for each in chosen:
            asleep = replace(each, snoozed_until=wall, snooze_symbol=symbol, seen_wall=now.wall)
            self._change(woken(each, now) if wall is None else asleep)
        return "Snoozed." if wall is not None else "Awake again."

    def _replaced(self, found: Occurrence, chosen: list[Occurrence], *, of_symbol: bool) -> list[Occurrence]:
        """Whose earlier snooze would hold for the next one, whatever is said of this one now."""
        ids = {each.id for each in chosen}
        return [
            each
            for each in self._occurrences()
            if each.id not in ids
            and each.snoozed_until is not None
            and (
                (each.rule_id, each.subject) == (found.rule_id, found.subject)
                or (of_symbol and each.snooze_symbol and each.con_id == found.con_id)
            )
        ]

    def _until(self, until: str, now: Now) -> float | None:
        if until in SNOOZES_S:
            return now.wall + SNOOZES_S[until]
        if until == "day":
            local = datetime.fromtimestamp(now.market, NEW_YORK)
            ends = local.replace(hour=DAY_ENDS_AT, minute=0, second=0, microsecond=0)
            ends += timedelta(days=1 if ends <= local else 0)
            return now.wall + (ends.timestamp() - now.market)
        if until == "cleared":
            return UNTIL_CLEARED
        if until == "":
            return None
        raise RuleRefused("A snooze lasts 15 minutes, 1 hour, 4 hours, the day, or until it clears.")

    def _change(self, occurrence: Occurrence) -> None:
        """What a person did to it."""
        mine = self._known.get(occurrence.rule_id, {})
        known = mine.get(occurrence.subject)
        if known is not None and known.occurrence is not None and known.occurrence.id == occurrence.id:
            mine[occurrence.subject] = replace(known, occurrence=occurrence)
        if occurrence.id in self._over:
            self._over[occurrence.id] = occurrence
        self._keeper.record_occurrence(occurrence)
        self._shown = None

    # --- inside -----------------------------------------------------------------------------------------------

    def _now(self) -> Now:
        return Now(self._clock.mono(), self._clock.wall(), self._market_now())

    def _next_id(self) -> int:
        """Rising, also over restarts: milliseconds, counted on."""
        self._last_id = max(self._last_id + 1, int(self._clock.wall() * 1000))
        return self._last_id

    def _must_be_ready(self) -> None:
        if not self._is_ready:
            raise RuleRefused("Alerts are kept with an account; connect once, then make rules.")

    def _rule(self, rule_id: int) -> Rule:
        rule = self._rules.get(rule_id)
        if rule is None or rule.id == OWN.id:
            raise RuleRefused("This rule is not there any more.")
        return rule

    def _put(self, rule: Rule, now: Now) -> None:
        rule = self._rules[rule.id] = with_list(rule, dict(self._lists()))
        self._keeper.record_rule(rule, now.market)
        self._shown = None

    def _end_all(self, rule_id: int, now: Now) -> None:
        """What the rule found is over with it: nobody is told."""
        for known in self._known.pop(rule_id, {}).values():
            if known.occurrence is not None and known.occurrence.is_open:
                self._end(known.occurrence, now)

    def _end(self, occurrence: Occurrence, now: Now) -> None:
        if occurrence.is_open:
            occurrence = over(occurrence, now)
            self._keeper.record_occurrence(occurrence)
        self._keep_over(occurrence)

    def _keep_over(self, occurrence: Occurrence) -> None:
        self._over[occurrence.id] = occurrence
        while len(self._over) > OVER_KEPT:
            del self._over[next(iter(self._over))]

    def _open(self) -> Iterable[Occurrence]:
        for mine in self._known.values():
            for known in mine.values():
                if known.occurrence is not None and known.occurrence.is_open:
                    yield known.occurrence

    def _occurrences(self) -> Iterable[Occurrence]:
        yield from self._open()
        yield from self._over.values()

    def _note_lists(self, now: Now) -> None:
        """Lists came, went or are called otherwise."""
        lists = self._lists()
        if lists == self._known_lists:
            return
        self._known_lists = lists
        for rule in [*self._rules.values()]:
            if with_list(rule, dict(lists)) is not rule:
                self._put(rule, now)

    def _note_currency(self, facts: Facts) -> None:
        together = facts.figures.get("") if facts.figures else None
        currency = together.currency if together else ""
        if currency and currency != self._currency:
            self._currency = currency
            self._shown = None

    def _sentence(self, rule: Rule) -> str:
        con_id = rule.values.get("symbol")
        symbols = {con_id: self._symbol_of(con_id)} if isinstance(con_id, int) else {}
        currency = self._currency if rule.kind != "position_pnl" else "in its currency"
        called, _is_gone = list_name(rule, dict(self._lists()))
        return sentence(kind_of(rule.kind), rule.values, symbols, currency, called, self._decimals(rule))

    def _decimals(self, rule: Rule) -> int | None:
        """Of the prices of the rule's symbol; None = not known, or it has no price."""
        return self._decimals_of(rule.values["symbol"], rule.values["level"]) if rule.kind == "price" else None

    def _row(self, rule: Rule) -> RuleRow:
        known = self._known.get(rule.id, {}).values()
        count = sum(1 for each in known if each.occurrence is not None and each.occurrence.is_open)
        gone = [name for name in rule.channels if name != BROWSER and name not in self._post.names()]
        unusable = [name for name in rule.channels if name in self._post.names() and not self._post.usable(name)]
        called, is_gone = list_name(rule, dict(self._lists()))
        problem = f"The channel {gone[0]} is gone." if gone else ""
        problem = problem or (f"{unusable[0]} is not tested yet: nothing is sent to it." if unusable else "")
        if is_gone:
            problem = f"The list {called} was deleted; choose another."
        level = level_text(rule.values["level"], self._decimals(rule)) if rule.kind == "price" else ""
        return RuleRow(rule, self._sentence(rule), count, problem, level)

    def section(self) -> AlertsSection:
        """The same object until something changes."""
        quiet = self._quiet_until(self._clock.wall())
        channels = self._post.rows()
        if (
            self._shown is None
            or self._shown.quiet_until != quiet
            or self._shown.channels != channels
            or self._shown.lists != self._lists()
            or self._shown.accounts != self._accounts()
        ):
            ended = sorted(self._over.values(), key=lambda each: -each.raised_wall)[:SHOWN_OVER]
            still = sorted(self._open(), key=lambda each: -each.raised_wall)[:SHOWN_OPEN]
            shown = sorted([*still, *ended], key=lambda each: (-each.raised_wall, -each.id))
            self._shown = AlertsSection(
                rules=tuple(self._row(rule) for rule in self._rules.values() if rule.id != OWN.id),
                occurrences=tuple(shown),
                receipts={
                    each.id: tuple((*key, words) for key, words in self._receipts[each.id].items())
                    for each in shown
                    if each.id in self._receipts
                },
                channels=channels,
                heartbeat=self._post.heartbeat,
                lists=self._lists(),
                currency=self._currency,
                accounts=self._accounts(),
                quiet_until=quiet,
                is_ready=self._is_ready,
            )
        return self._shown


def _is_known(rule: Rule) -> bool:
    """Made by this program, or one that knows as much: one that can't be looked at would keep all others from it.

    A list or an account may be gone.
    """
    kind, values = KINDS.get(rule.kind), rule.values
    if kind is None or any(field.key not in values for field in kind.fields):
        return False
    if isinstance(values.get(LIST), str | int):
        values = {**values, LIST: ANY}
    try:
        checked(kind, values, (), (values.get("account", ""),))
    except RuleRefused as error:
        log.warning("A stored rule of alerts can't be used: %s", error)
        return False
    return True
