"""Does the account fit the configured mode? Pure."""

from __future__ import annotations

from collections.abc import Sequence

from engine.broker.failures import ConnectFailure
from engine.domain import BrokerMode

_PAPER_PREFIXES = ("DU", "DF", "DI")


def is_paper(account: str) -> bool:
    """IB's paper accounts begin with DU (individual), DF or DI (advisor and its clients)."""
    return account.upper().startswith(_PAPER_PREFIXES)


def redacted(account: str) -> str:
    return f"{account[:2]}***{account[-3:]}" if len(account) > 5 else "***"


def choose_account(accounts: Sequence[str], wanted: str | None, mode: BrokerMode) -> str:
    """The account to watch. Raises ConnectFailure("account") with reason and cure when none fits.

    Simulated counts as paper: a live account behind it is refused.
    """
    if wanted and wanted not in accounts:
        raise ConnectFailure(
            "account",
            f"The account {redacted(wanted)} of the settings is not in this TWS login",
            "Log in to TWS with the user of that account, or clear Account in Settings > Broker.",
        )
    account = wanted or accounts[0]
    if mode == "live" and is_paper(account):
        raise ConnectFailure(
            "account",
            f"TWS is logged in to the paper account {redacted(account)}, but QTrade is set to live",
            "Choose paper in Settings > Broker, or log in to TWS with the live user.",
        )
    if mode != "live" and not is_paper(account):
        raise ConnectFailure(
            "account",
            f"TWS is logged in to the live account {redacted(account)}, but QTrade is set to {mode}",
            "Choose live in Settings > Broker, or log in to TWS with the paper user.",
        )
    return account
