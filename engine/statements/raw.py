"""What a statement file says before anything of it is understood: rows as text, each with its line.

The three readers (`flex_xml`, `flex_csv`, `activity_csv`) come to the same names: those of the Flex XML.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct, field

from engine.errors import StatementError

MOST_BYTES = 64 * 2**20
MOST_ROWS = 200_000
CHUNK_BYTES = 2**16

FileKind = Literal["Flex XML", "Flex XML, trade confirmations", "Flex CSV", "Activity Statement CSV"]
Tick = Callable[[int], None]  # told how many bytes are read; raises to end the reading


class Head(Struct):
    """One statement of the file, as its words stand there; "" = not said."""

    account: str = ""
    alias: str = ""
    from_date: str = ""
    to_date: str = ""
    generated: str = ""
    base_currency: str = ""
    sections: set[str] = field(default_factory=set)


class RawRow(Struct, frozen=True):
    """One row: its attributes by their Flex XML names, the empty ones left out. `head` = its statement's place."""

    line: int
    section: str
    tag: str
    head: int
    fields: dict[str, str]


class RawFile(Struct):
    """All rows of one file, in its order."""

    kind: FileKind
    query: str = ""
    heads: list[Head] = field(default_factory=list)
    rows: list[RawRow] = field(default_factory=list)

    def add(self, row: RawRow) -> None:
        """Raises StatementError: more rows than a statement may have."""
        if len(self.rows) >= MOST_ROWS:
            raise StatementError(
                f"The file has more than {MOST_ROWS:,} rows. Make the statement in parts: a shorter period each."
            )
        self.rows.append(row)


def no_tick(_read: int) -> None:
    """Reading goes on to the end."""
