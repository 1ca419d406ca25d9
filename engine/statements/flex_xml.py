"""Flex Query statements as XML, streamed: no document type, no entities, nothing of the file is run or fetched."""

from __future__ import annotations

from pathlib import Path
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from engine.errors import StatementError
from engine.statements.fields import attribute_names
from engine.statements.raw import CHUNK_BYTES, Head, RawFile, RawRow, Tick, no_tick

ROOT = "FlexQueryResponse"
ERROR_ROOT = "FlexStatementResponse"
_DEEPEST = 12
_LONGEST_WORDS = 300
# Rows of trade confirmations under the names that the same things have in an activity statement.
_OF_CONFIRMATIONS = {
    "price": "tradePrice", "commission": "ibCommission", "commissionCurrency": "ibCommissionCurrency",
    "execID": "ibExecID", "orderID": "ibOrderID", "code": "notes", "tax": "taxes", "settleDate": "settleDateTarget",
    "amount": "tradeMoney",
}  # fmt: skip


_READ = attribute_names() | _OF_CONFIRMATIONS.keys()


def read_flex_xml(path: Path, tick: Tick = no_tick) -> RawFile:
    """The rows of the file.

    Raises:
        StatementError: it is none, is cut off, is IB's error answer, or has more than it may.
    """
    parser = _Parser(forbid_dtd=True, forbid_entities=True, forbid_external=True)
    handler = _Handler(parser)
    parser.setContentHandler(handler)
    read = 0
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                read += len(chunk)
                parser.feed(chunk)
                tick(read)
            parser.close()
    except SAXParseException as error:
        raise StatementError(_broken(error.getLineNumber(), error.getMessage())) from error
    except DefusedXmlException as error:
        raise StatementError(
            "The file declares a document type or entities, which no statement of IB does. It is not read."
        ) from error
    except (SAXException, UnicodeError, LookupError) as error:
        raise StatementError(_broken(None, str(error))) from error
    handler.check()
    return handler.file


def _broken(line: int | None, why: str) -> str:
    place = f" in line {line:,}" if line else ""
    return (
        f"The file ends early or is damaged{place} ({why[:_LONGEST_WORDS]}). Nothing of it is taken: which rows are"
        " missing can't be known. Download it again."
    )


class _Parser(DefusedExpatParser):  # type: ignore[misc]  # the library has no types
    @property
    def line(self) -> int:
        """Where the parser stands; the library's own answer is the line of an error."""
        return int(self._parser.CurrentLineNumber)


class _Handler(ContentHandler):
    """Elements -> rows. Depth 0 the root, 1 the list, 2 a statement, 3 a section or a row alone, 4 a row."""

    def __init__(self, parser: _Parser) -> None:
        super().__init__()
        self._parser = parser
        self.file = RawFile("Flex XML")
        self._depth = 0
        self._section = ""
        self._is_error = False
        self._words: dict[str, str] = {}
        self._word = ""

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - the library's name
        depth, self._depth = self._depth, self._depth + 1
        if depth == 0:
            self._begin(name, attrs)
        elif depth > _DEEPEST:
            raise StatementError(f"The file nests elements more than {_DEEPEST} deep, which no statement does.")
        elif self._is_error:
            self._word = name
        elif name == "FlexStatement":
            self._begin_statement(attrs)
        elif depth == 3 and not self._is_row_alone(name, attrs):
            self._section = name
            self._head().sections.add(name)
        elif depth >= 3:
            self._row(name, attrs)

    def endElement(self, name: str) -> None:  # noqa: N802
        self._depth -= 1
        self._word = ""

    def characters(self, content: str) -> None:
        if self._word:
            self._words[self._word] = (self._words.get(self._word, "") + content)[:_LONGEST_WORDS]

    def check(self) -> None:
        """Raises StatementError: it was well-formed, but is no statement."""
        if self._is_error:
            said = self._words.get("ErrorMessage", "").strip() or "no reason was given"
            code = self._words.get("ErrorCode", "").strip()
            raise StatementError(
                f"This is no statement but IB's answer that it could not make one: {said}"
                f"{f' (code {code})' if code else ''}. Ask for the statement again."
            )
        if not self.file.heads:
            raise StatementError("The file has no FlexStatement in it. Make the query anew with a period and sections.")

    def _begin(self, name: str, attrs: AttributesImpl) -> None:
        if name == ERROR_ROOT:
            self._is_error = True
        elif name != ROOT:
            raise StatementError(
                f"The file is XML, but not a Flex Query's: it begins with <{name[:60]}>, must be <{ROOT}>."
            )
        else:
            self.file.query = attrs.get("queryName", "")
            if attrs.get("type", "AF").upper().startswith("TCF"):
                self.file.kind = "Flex XML, trade confirmations"

    def _begin_statement(self, attrs: AttributesImpl) -> None:
        self.file.heads.append(
            Head(
                account=attrs.get("accountId", ""),
                from_date=attrs.get("fromDate", ""),
                to_date=attrs.get("toDate", ""),
                generated=attrs.get("whenGenerated", ""),
            )
        )

    def _head(self) -> Head:
        if not self.file.heads:
            raise StatementError("The file has sections outside of a FlexStatement. Download it again.")
        return self.file.heads[-1]

    def _is_row_alone(self, name: str, attrs: AttributesImpl) -> bool:
        """AccountInformation, ChangeInNAV: attributes where others have rows."""
        if not attrs.getLength():
            return False
        self._section = name
        self._head().sections.add(name)
        return True

    def _row(self, name: str, attrs: AttributesImpl) -> None:
        head = self._head()
        fields = {key: text for key, value in attrs.items() if key in _READ and (text := value.strip())}
        if name == "AccountInformation":
            head.base_currency = fields.get("currency", head.base_currency)
        if fields.get("acctAlias"):
            head.alias = fields["acctAlias"]
        if self._section == "TradeConfirms":
            fields = {_OF_CONFIRMATIONS.get(key, key): value for key, value in fields.items()}
        self.file.add(RawRow(self._parser.line, self._section, name, len(self.file.heads) - 1, fields))
