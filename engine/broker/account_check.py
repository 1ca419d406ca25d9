"""Which accounts of a login are watched, and whether they fit the configured mode. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.broker.failures import ConnectFailure
from engine.domain import BrokerMode

_PAPER_PREFIXES = ("DU", "DF", "DI")
_ALL = "all"  # an advisor's login may list the group of all its accounts among them


def is_paper(account: str) -> bool:
    """IB's paper accounts begin with DU (individual), DF or DI (advisor and its clients)."""
    return account.upper().startswith(_PAPER_PREFIXES)


def redacted(account: str) -> str:
    return f"{account[:2]}***{account[-3:]}" if len(account) > 5 else "***"


def named_accounts(names: Iterable[str]) -> tuple[str, ...]:
    """The accounts of TWS' list, each once, in its order: an advisor's master comes first."""
    stripped = (name.strip() for name in names)
    return tuple(dict.fromkeys(name for name in stripped if name and name.lower() != _ALL))


def watched_accounts(accounts: Sequence[str], wanted: str | None, mode: BrokerMode) -> tuple[str, ...]:
    """The accounts to watch: `wanted` alone, or without one all of the login (`named_accounts`).

    Raises ConnectFailure("account") with reason and cure when there is none or one of them does not fit the mode;
    simulated counts as paper, a live account behind it is refused.
    """
    if not accounts:
        raise no_account()
    chosen = (wanted or "").strip()
    watched = tuple(accounts)
    if chosen and chosen.lower() != _ALL:
        watched = tuple(name for name in accounts if name.upper() == chosen.upper())
        if not watched:
            raise ConnectFailure(
                "account",
                f"The account {redacted(chosen)} of the settings is not in this TWS login",
                "Log in to TWS with the user of that account, or clear Account in Settings > Broker.",
            )
    unfit = [name for name in watched if is_paper(name) == (mode == "live")]
    if unfit:
        raise _contradiction(unfit, len(watched), mode)
    return watched


def no_account() -> ConnectFailure:
    """TWS answered, with an empty list of accounts."""
    return ConnectFailure(
        "account",
        "TWS is connected but names no account",
        "Wait until TWS has finished its login, or log in again; a user without an open account has none.",
    )


def _contradiction(unfit: Sequence[str], watched: int, mode: BrokerMode) -> ConnectFailure:
    kind, fitting = ("paper", "live") if mode == "live" else ("live", "paper")
    cure = f"Choose {kind} in Settings > Broker, or log in to TWS with the {fitting} user."
    if watched == 1:
        return ConnectFailure(
            "account", f"TWS is logged in to the {kind} account {redacted(unfit[0])}, but QTrade is set to {mode}", cure
        )
    names = ", ".join(redacted(name) for name in unfit[:3]) + (", ..." if len(unfit) > 3 else "")
    one = len(unfit) == 1
    return ConnectFailure(
        "account",
        f"{len(unfit)} of the {watched} accounts of this TWS login {'is a' if one else 'are'} {kind}"
        f" account{'' if one else 's'} ({names}), but QTrade is set to {mode}",
        f"{cure} Or name the one account to watch as Account in Settings > Broker.",
    )
