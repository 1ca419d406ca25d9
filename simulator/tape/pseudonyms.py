"""Fake names of the same shape: account numbers by their digits, words letter by letter. The same gets the same."""

from __future__ import annotations

import random
import re
import string

# What IB calls accounts: U live, F and I advisors and their clients, D before it on paper, sometimes a letter more.
ACCOUNT = re.compile(r"(?<![A-Za-z0-9])(?:D[UFI]?[A-Z]{0,2}|[UFI][A-Z]?)\d{5,9}[A-Z]?(?![A-Za-z0-9])", re.IGNORECASE)
MASKED = re.compile(r"(?<![A-Za-z0-9])(?:D?[UFI])?[*]{2,}\d{2,}", re.IGNORECASE)  # "U***567", as some texts have it
WHOLE_NUMBER = re.compile(r"\d+")
SHORTEST_INSIDE = 5  # digits from which on a number is an account's wherever it stands; fewer may be anything


class Pseudonyms:
    """Random ones, so that nobody who has the file can work them out; only this object knows which stands for which."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._numbers: dict[str, str] = {}
        self._fakes: set[str] = set()
        self._words: dict[str, str] = {}
        self._known: re.Pattern[str] | None = None

    @property
    def accounts(self) -> int:
        """How many numbers of accounts have been met."""
        return len(self._numbers)

    def account(self, text: str) -> str:
        """An account id, or several with commas: letters stay (they tell paper from live), digits are others."""
        if not text:
            return text
        if not any(character.isdecimal() for character in text):
            return text if text.lower() == "all" else self.word(text)
        for digits in WHOLE_NUMBER.findall(text):
            self._learn(digits)
        return WHOLE_NUMBER.sub(lambda match: self._numbers[match[0]], text)

    def knows(self, text: str) -> bool:
        """Whether `clean` may change it."""
        known = self._known
        return (
            (known is not None and known.search(text) is not None)
            or ACCOUNT.search(text) is not None
            or ("**" in text and MASKED.search(text) is not None)
        )

    def clean(self, text: str) -> str:
        """Text with every account in it replaced: those that were met, and what looks like one."""
        if not self.knows(text):
            return text
        for match in ACCOUNT.finditer(text):
            digits = WHOLE_NUMBER.findall(match[0])[0]
            if digits not in self._fakes and (self._known is None or not self._known.search(digits)):
                self._learn(digits)
        text = MASKED.sub(lambda match: re.sub(r"\d", "*", match[0]), text)
        for _ in range(3):  # a number beside its fake one may make it anew
            if self._known is None or not self._known.search(text):
                break
            text = self._known.sub(lambda match: self._numbers[match[0]], text)
        return text

    def word(self, text: str) -> str:
        """A name that says nothing, accounts in it as everywhere else."""
        if text not in self._words:
            self._words[text] = self._invent(text)
        return self._words[text]

    def words_in(self, text: str) -> str:
        """`clean`, and the names that were met (order references, models, groups) as whole words."""
        for name, fake in self._words.items():
            if len(name) >= 3 and name in text:
                text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", lambda _: fake, text)  # noqa: B023 - used at once
        return self.clean(text)

    def _invent(self, text: str) -> str:
        """Accounts inside stay recognisable as what they became elsewhere."""
        parts, at = [], 0
        if self.knows(text):
            self.clean(text)  # learns
            for match in self._known.finditer(text) if self._known is not None else ():
                parts += [self._scramble(text[at : match.start()]), self._numbers[match[0]]]
                at = match.end()
        return "".join([*parts, self._scramble(text[at:])])

    def _scramble(self, text: str) -> str:
        return "".join(self._other(character) for character in text)

    def _other(self, character: str) -> str:
        if character.isdecimal():
            return self._chance.choice(string.digits)
        if not character.isalpha():
            return character
        return self._chance.choice(string.ascii_uppercase if character.isupper() else string.ascii_lowercase)

    def _learn(self, digits: str) -> None:
        if digits in self._numbers:
            return
        taken = set(self._numbers) | self._fakes | {digits}
        fake = digits
        for _ in range(1000):
            fake = self._chance.choice("123456789") + "".join(self._chance.choices(string.digits, k=len(digits) - 1))
            if fake not in taken and not any(len(real) >= SHORTEST_INSIDE and real in fake for real in taken):
                break
        self._numbers[digits] = fake
        self._fakes.add(fake)
        long = sorted((n for n in self._numbers if len(n) >= SHORTEST_INSIDE), key=len, reverse=True)
        self._known = re.compile("|".join(long)) if long else None
