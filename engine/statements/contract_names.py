"""One contract under the names that the API, Flex and an Activity Statement give it. Pure."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from engine.statements.dates import Dated, Terms, moment

Key = tuple[str, ...]
_OCC = re.compile(r"([A-Z0-9.]{1,6}) *(\d{6})([CP])(\d{8})")
_SPOKEN = re.compile(r"([A-Z0-9. ]{1,12}?) (\d{1,2}[A-Z]{3}\d{2}) (\d+(?:\.\d+)?) ([CP])")
_OPTIONS = frozenset({"OPT", "FOP", "WAR", "FSOPT", "FSFOP"})


def contract_key(values: dict[str, Any]) -> Key:
    """What is equal for one contract however it is named. Reads symbol or local symbol, type, and an option's terms."""
    symbol = str(values.get("local_symbol") or values.get("symbol") or "").strip().upper()
    if values.get("sec_type") in _OPTIONS or " " in symbol:
        option = _spelled(symbol) or _told(values)
        if option:
            return option
    return (" ".join(symbol.split()).replace("/", ".").replace(" ", "."),)


@lru_cache(maxsize=65_536)
def _spelled(symbol: str) -> Key | None:
    """An option by its symbol: "SPY   251219C00600000", "SPY 19DEC25 600 C"."""
    if found := _OCC.fullmatch(symbol):
        name, day, right, strike = found.groups()
        return (name.strip(), f"20{day}", right, _plain(Decimal(strike) / 1000))
    if found := _SPOKEN.fullmatch(symbol):
        name, spoken, strike, right = found.groups()
        cut = len(spoken) - 5
        try:
            day = moment(f"{spoken[:cut]}-{spoken[cut : cut + 3]}-{spoken[cut + 3 :]}", Terms()).label
        except Dated:
            return None
        return (name.strip(), day, right, _plain(Decimal(strike)))
    return None


def _told(values: dict[str, Any]) -> Key | None:
    underlying, expiry = values.get("underlying_symbol"), values.get("expiry")
    strike, right = values.get("strike"), values.get("put_call")
    if not (underlying and expiry and strike is not None and right):
        return None
    return (str(underlying).upper(), str(expiry), str(right)[:1], _plain(Decimal(str(strike))))


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
