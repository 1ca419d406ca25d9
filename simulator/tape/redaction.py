"""What a recording must not tell: accounts, names and references, in the messages of both sides.

Prices, quantities, values and contracts stay: they are what a recording is for. A field is known by its place in the
message; in messages that are not known, and in orders, every text is replaced that is not known to be harmless.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import NamedTuple

from simulator.tape.pseudonyms import Pseudonyms

LAST_LIQUIDITY = 136  # server versions: execDetails lost its version field
ORDER_CONTAINER = 145  # order messages lost theirs

# Index of account ids, and of names: models, groups, references. -1 = the last field.
_SERVER_ACCOUNTS = {6: (5,), 7: (19,), 15: (2,), 54: (2,), 61: (2,), 63: (3,), 71: (3,), 73: (3,)}
_SERVER_NAMES = {71: (-1,), 73: (4,)}
_CLIENT_ACCOUNTS = {6: (3,), 7: (4,), 21: (16,), 74: (3,), 76: (3,), 92: (2,), 94: (2,)}
_CLIENT_NAMES = {62: (3,), 74: (4,), 76: (4,), 92: (3,), 94: (3,)}
_KEYED_VALUES = {6: 2, 63: 4, 73: 5}  # index of the key; its value follows

# Messages of the market: only text that names an account is touched in them, no number ever.
_MARKET = frozenset(
    {1, 2, 10, 12, 13, 17, 18, 20, 21, 45, 46, 50, 57, 58, 79, 81, 88, 89, 90, 96, 97, 98, 99, 106, 108}
)
_SERVER_PLAIN = _MARKET | {
    3, 7, 8, 9, 14, 15, 19, 47, 49, 52, 53, 54, 55, 56, 59, 61, 62, 64, 67, 68, 71, 72, 74, 75, 76, 80, 82, 83, 84,
    85, 86, 87, 91, 92, 93, 94, 95, 100, 102, 105,
}  # fmt: skip
_CLIENT_PLAIN = frozenset({
    1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 22, 23, 24, 25, 49, 50, 51, 52, 53, 54, 55, 56, 57,
    59, 61, 63, 64, 70, 71, 75, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98,
    99,
})  # fmt: skip
_TELLING_KEYS = frozenset({"AccountCode", "AccountOrGroup"})
_PLAIN_KEYS = ("AccountType", "AccountReady", "Currency", "RealCurrency", "TradingType", "SegmentTitle", "Cushion")
# A prolog stays; the text of sections, comments, elements and attributes.
_XML_TEXT = re.compile(
    r"<\?.*?\?>|<!\[CDATA\[(.*?)\]\]>|<!--(.*?)-->|(?:^|(?<=>))([^<>]+)|=\s*\"([^\"]*)\"|=\s*'([^']*)'", re.DOTALL
)
_NUMBER = re.compile(r"[-+]?\d*\.?\d*(?:E[-+]?\d+)?", re.IGNORECASE)
_MOMENT = re.compile(r"(?:19|20)\d{6}([ -]+\d\d:\d\d(:\d\d)?( \S+)?)?|\d\d:\d\d:\d\d")
_LONG_WHOLE = re.compile(r"\d{5,}")
_UNSET = "2147483647"
_ORDER_WORDS = frozenset(
    "BUY SELL SSHORT LONG SHORT O C T DAY GTC IOC GTD OPG FOK DTC AUC MKT LMT STP REL TRAIL LOC MOC MIT LIT VOL BOX "
    "MIDPRICE PEG MKTPRT None none Default Infinity Submitted PreSubmitted PendingSubmit PendingCancel Filled "
    "Cancelled Inactive ApiPending ApiCancelled true false True False 0 1 K".split()
)


class OrderPlaces(NamedTuple):
    """Of an order message: where its own texts begin behind the contract, its account, names in it, plain numbers."""

    text_from: int
    account: int
    names: tuple[int, ...] = ()
    plain: tuple[int, ...] = ()


class Redactor:
    """Of one recording. `server` and `client` take the fields of a message and give those that may be written."""

    def __init__(self, chance: random.Random | None = None) -> None:
        self._names = Pseudonyms(chance or random.SystemRandom())

    @property
    def accounts(self) -> int:
        return self._names.accounts

    def text(self, text: str) -> str:
        """Anything that is no message: a greeting, the text of an error of this machine."""
        return self._names.words_in(text)

    def server(self, fields: list[str], version: int) -> list[str]:
        message_id = _id(fields)
        out = list(fields)
        _each(out, _SERVER_ACCOUNTS.get(message_id, ()), self._names.account)
        _each(out, _SERVER_NAMES.get(message_id, ()), self._names.word)
        if message_id == 4:
            return [*out[:3], *(self._names.words_in(text) for text in out[3:])]  # from 194 on field 3 is the text
        if message_id == 11:
            return self._execution(out, version)
        if message_id in (5, 101):
            return self._order(out, _server_order(message_id, version))
        if message_id == 16:
            return [*out[:2], *(self._document(text) for text in out[2:])]
        if message_id == 77:  # tiers: names and values of the broker's own
            return [*out[:2], *(self._unknown(text) for text in out[2:])]
        key_at = _KEYED_VALUES.get(message_id)
        if key_at is not None:
            self._value(out, key_at)
        elif message_id not in _SERVER_PLAIN:
            return [self._unknown(text) if at or message_id < 0 else text for at, text in enumerate(out)]
        return self._cleaned(out, numbers=message_id not in _MARKET)

    def client(self, fields: list[str], version: int) -> list[str]:
        message_id = _id(fields)
        out = list(fields)
        _each(out, _CLIENT_ACCOUNTS.get(message_id, ()), self._names.account)
        _each(out, _CLIENT_NAMES.get(message_id, ()), self._group)
        if message_id == 3:
            return self._order(out, _client_order(version))
        if message_id == 21:
            return self._order(out, OrderPlaces(16, 16))
        if message_id == 19:
            return [*out[:3], *(self._document(text) for text in out[3:])]
        if message_id not in _CLIENT_PLAIN and message_id not in (62, 74, 76):
            return [self._unknown(text) if at or message_id < 0 else text for at, text in enumerate(out)]
        return self._cleaned(out, numbers=message_id in _CLIENT_ACCOUNTS or message_id in (71, 81))

    def _cleaned(self, fields: list[str], *, numbers: bool) -> list[str]:
        """Accounts in any other field. `numbers`: also where the field is nothing but the number."""
        if not self._names.knows("\0".join(fields)):
            return fields
        return [fields[0], *(self._clean(text, numbers=numbers) for text in fields[1:])]

    def _clean(self, text: str, *, numbers: bool) -> str:
        return text if not numbers and _NUMBER.fullmatch(text) else self._names.clean(text)

    def _group(self, text: str) -> str:
        return text if text in ("", "All") or text.startswith("$") else self._names.word(text)

    def _value(self, fields: list[str], key_at: int) -> None:
        if len(fields) <= key_at + 1:
            return
        key, value = fields[key_at].removeprefix("$LEDGER-"), fields[key_at + 1]
        if key in _TELLING_KEYS:
            fields[key_at + 1] = self._names.account(value)
        elif not (key.startswith(_PLAIN_KEYS) or _NUMBER.fullmatch(value) or value.lower() in ("true", "false")):
            fields[key_at + 1] = self._names.word(value)

    def _execution(self, fields: list[str], version: int) -> list[str]:
        shift = 1 if 0 < version < LAST_LIQUIDITY else 0
        _each(fields, (16 + shift,), self._names.account)
        _each(fields, (26 + shift, 29 + shift, 32 + shift), self._names.word)
        return [fields[0], *(self._names.clean(text) for text in fields[1:])]

    def _order(self, fields: list[str], places: OrderPlaces) -> list[str]:
        """Behind the contract every text goes that is no word of the order language."""
        _each(fields, (places.account,), self._names.account)
        _each(fields, places.names, self._names.word)
        done = {places.account, *places.names, *places.plain}
        return [
            fields[0],
            *(
                text if at in done else (self._names.clean(text) if at < places.text_from else self._unknown(text))
                for at, text in enumerate(fields[1:], 1)
            ),
        ]

    def _unknown(self, text: str) -> str:
        if text in _ORDER_WORDS or text == _UNSET or _MOMENT.fullmatch(text):
            return self._names.clean(text)
        if _LONG_WHOLE.fullmatch(text) or not _NUMBER.fullmatch(text):
            return self._names.word(text)
        return self._names.clean(text)

    def _document(self, text: str) -> str:
        """A document of the advisor's groups and names: its tags stay."""
        if "<" not in text:
            return self._unknown(text)

        def other(match: re.Match[str]) -> str:
            said = match[match.lastindex] if match.lastindex else ""
            if not said.strip():
                return match[0]
            begin, end = (at - match.start() for at in match.span(match.lastindex or 0))
            return match[0][:begin] + self._unknown(said) + match[0][end:]

        return _XML_TEXT.sub(other, text)


def _id(fields: list[str]) -> int:
    return int(fields[0]) if fields and fields[0].isdecimal() else -1


def _each(fields: list[str], places: tuple[int, ...], change: Callable[[str], str]) -> None:
    for at in places:
        index = at if at >= 0 else len(fields) + at
        if 0 < index < len(fields) and fields[index]:
            fields[index] = change(fields[index])


def _client_order(version: int) -> OrderPlaces:
    shift = 1 if 0 < version < ORDER_CONTAINER else 0
    return OrderPlaces(14 + shift, 23 + shift, (22 + shift, 26 + shift))


def _server_order(message_id: int, version: int) -> OrderPlaces:
    if message_id == 101:
        return OrderPlaces(12, 19, (18, 22), (23,))
    shift = 1 if 0 < version < ORDER_CONTAINER else 0
    return OrderPlaces(13 + shift, 20 + shift, (19 + shift, 23 + shift), (25 + shift,))
