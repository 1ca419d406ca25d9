"""What the page of alerts asks for, carried out by the desk and the post office of the alerts."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from engine.alerts.desk import AlertDesk
from engine.alerts.kinds import RuleRefused
from engine.alerts.post import PostOffice
from engine.clock import Clock
from engine.state.commands import ChangeChannel, ChangeRule, KeepChannel, KeepRule, SeeAlerts, SnoozeAlert
from engine.state.sections import Answer
from engine.storage.atomic import reason_of


class AlertCommands:
    """`at_once` answers in words, `later` with an `Answer` when a disk or a service has spoken. Engine thread only."""

    def __init__(self, desk: AlertDesk, post: PostOffice, clock: Clock) -> None:
        self._desk = desk
        self._post = post
        self._clock = clock
        self.at_once: dict[type, Callable[[Any], str]] = {
            KeepRule: self._keep_rule,
            ChangeRule: self._change_rule,
            SeeAlerts: lambda command: desk.see(command.ids),
            SnoozeAlert: lambda command: desk.snooze(command.occurrence_id, command.until, symbol=command.symbol),
        }
        self.later: dict[type, Callable[[Any], Coroutine[Any, Any, Answer]]] = {
            KeepChannel: self._keep_channel,
            ChangeChannel: self._change_channel,
        }

    def _keep_rule(self, command: KeepRule) -> str:
        return self._desk.keep_rule(
            command.rule_id,
            command.kind,
            command.values,
            command.channels,
            command.severity,
            command.cool_down_min,
            tell_cleared=command.tell_cleared,
            urgent_after_min=command.urgent_after_min,
        )

    def _change_rule(self, command: ChangeRule) -> str:
        if command.action == "usual":
            return self._desk.usual_rules()
        if command.action == "delete":
            return self._desk.delete_rule(command.rule_id)
        return self._desk.switch_rule(command.rule_id, on=command.action == "on")

    async def _keep_channel(self, command: KeepChannel) -> Answer:
        url = command.url.strip()
        work = self._post.keep_heartbeat(url) if command.heartbeat else self._post.keep_channel(command.name, url)
        return await self._answer(command.request_id, work)

    async def _change_channel(self, command: ChangeChannel) -> Answer:
        work = self._post.test(command.name) if command.action == "test" else self._post.delete_channel(command.name)
        return await self._answer(command.request_id, work)

    async def _answer(self, request_id: str, work: Coroutine[Any, Any, str]) -> Answer:
        try:
            return Answer(request_id, True, await work, self._clock.wall())
        except OSError as error:
            raise RuleRefused(f"The file of the channels can't be written: {reason_of(error)}.") from None
