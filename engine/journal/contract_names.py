"""One contract under the names that the API, Flex and an Activity Statement give it. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

Key = tuple[str, ...]
_OCC = re.compile(r"([A-Z0-9.]{1,6}) *(\d{6})([CP])(\d{8})")
_SPOKEN = re.compile(r"([A-Z0-9. ]{1,12}?) (\d{1,2})([A-Z]{3})(\d{2}) (\d+(?:\.\d+)?) ([CP])")
_MONTHS = {name: n for n, name in enumerate("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(), 1)}
_OPTIONS = frozenset({"OPT", "FOP", "WAR", "FSOPT", "FSFOP"})


NO_NAME: Key = ("",)


def numbers_of(named: Iterable[tuple[Key, int]]) -> dict[Key, int]:
    """Key -> IB's number, of those that one number alone goes by; 0 = a source that does not tell it."""
    found: dict[Key, set[int]] = defaultdict(set)
    for key, number in named:
        if number and key != NO_NAME:
            found[key].add(number)
    return {key: next(iter(numbers)) for key, numbers in found.items() if len(numbers) == 1}


def contract_key(values: Mapping[str, Any]) -> Key:
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
        name, day, month, year, strike, right = found.groups()
        try:
            expiry = date(2000 + int(year), _MONTHS.get(month, 0), int(day)).strftime("%Y%m%d")
        except ValueError:
            return None
        return (name.strip(), expiry, right, _plain(Decimal(strike)))
    return None


def _told(values: Mapping[str, Any]) -> Key | None:
    underlying, expiry = values.get("underlying_symbol"), values.get("expiry")
    strike, right = values.get("strike"), values.get("put_call")
    if not (underlying and expiry and strike is not None and right):
        return None
    return (str(underlying).upper(), str(expiry), str(right)[:1], _plain(Decimal(str(strike))))


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
