"""Every error of the engine, split by what the caller does about it.

QTradeError
+-- ConfigError          say it and stop (exit 2)
+-- WrongThread          a bug: a broker method was called off the engine thread
+-- BrokerUnavailable    wait, the session reconnects
|   +-- RequestTimeout   one request got no answer in time
+-- RequestRejected      the gateway refused this request (code, text)
|   +-- NoEntitlement    no market-data permission
|   +-- LineLimit        101, no line free at the gateway
+-- AccountMismatch      live account in paper mode or the reverse; never retried silently
+-- LabError             a recording or a question to the lab is no good; the text is for the user
+-- StatementError       a file is no statement that can be read; the text is for the user
+-- StateError           the state or the journal could not be read or written
    +-- NameTaken        another engine publishes under this name
    +-- CommandRefused   queue full or invalid command; the text is for the user
"""

from __future__ import annotations


class QTradeError(Exception):
    """Base of the tree above."""


class ConfigError(QTradeError):
    """The message names where, what was found, the rule and the cure."""


class WrongThread(QTradeError):
    """A broker method was called outside the engine thread."""


class BrokerUnavailable(QTradeError):
    """Not connected, or the connection went away while waiting."""


class RequestTimeout(BrokerUnavailable):
    """`what` names the request, `seconds` how long it was waited for."""

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(f"{what}: no answer in {seconds:g} s")
        self.what = what
        self.seconds = seconds


class RequestRejected(QTradeError):
    """The gateway answered with an error."""

    def __init__(self, code: int, text: str, req_id: int = -1) -> None:
        super().__init__(f"{text} (code {code})")
        self.code = code
        self.text = text
        self.req_id = req_id


class NoEntitlement(RequestRejected):
    """354, 10089, 10168 and their kin."""


class LineLimit(RequestRejected):
    """101: the account has no market-data line left."""


class AccountMismatch(QTradeError):
    """The account's kind contradicts the configured mode."""


class LabError(QTradeError):
    """The text is shown to the user as it is."""


class StatementError(QTradeError):
    """The text is shown to the user as it is."""


class StateError(QTradeError):
    """The state can't be used, or a value in it is of another version. `cure` = what helps, "" = see the cause."""

    def __init__(self, text: str, cure: str = "") -> None:
        super().__init__(text)
        self.cure = cure


class NameTaken(StateError):
    """Two engines of one name would overwrite each other's state; the text says who has it."""


class CommandRefused(StateError):
    """The text is shown to the user as it is."""
