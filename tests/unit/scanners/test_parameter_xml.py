"""The scanner-parameter document: the simulator's, TWS' field types, and what is refused."""

from __future__ import annotations

import pytest

from engine.errors import QTradeError
from engine.scanners.parameter_xml import parse
from simulator.scanner_xml import FILTERS, INSTRUMENTS, SCANS, document

TWS = """<ScanParameterResponse>
<InstrumentList varName="instrumentList">
 <Instrument><name>US Stocks</name><type>STK</type><filters>PRICE,IVRANK,HALTED,STKTYPE</filters></Instrument>
 <Instrument><name>Hong Kong</name><type>STOCK.HK</type><filters>PRICE</filters></Instrument>
</InstrumentList>
<LocationTree><Location><displayName>US</displayName><locationCode>STK.US</locationCode><instruments>STK</instruments>
 <LocationTree><Location><displayName>Listed</displayName><locationCode>STK.US.MAJOR</locationCode>
 <instruments>STK,STOCK.HK</instruments></Location></LocationTree></Location>
 <Location><locationCode>STK.HK</locationCode><instruments>STOCK.HK</instruments></Location></LocationTree>
<ScanTypeList><ScanType><displayName>Top % Gainers</displayName><scanCode>TOP_PERC_GAIN</scanCode>
 <instruments>STK,STOCK.HK</instruments></ScanType></ScanTypeList>
<FilterList varName="filterList">
 <RangeFilter><id>PRICE</id><category>prices</category><Columns><Column><name>Price</name></Column></Columns>
  <AbstractField type="scanner.filter.DoubleField"><code>priceAbove</code><displayName>Price Above</displayName>
  </AbstractField>
  <AbstractField type="scanner.filter.IntField"><code>priceBelow</code></AbstractField></RangeFilter>
 <SimpleFilter><id>HALTED</id><category>halt</category>
  <AbstractField type="scanner.filter.ComboField"><code>haltedIs</code><displayName>Halted</displayName>
  <ComboValues><ComboValue><code>0</code></ComboValue><ComboValue><code>1</code></ComboValue></ComboValues>
  </AbstractField></SimpleFilter>
 <SimpleFilter><id>STKTYPE</id><AbstractField type="scanner.filter.ComboField"><code>stkTypes</code>
  <ComboValues><ComboValue><code>inc:ETF</code></ComboValue></ComboValues></AbstractField></SimpleFilter>
 <SimpleFilter><id>FOREIGN</id><AbstractField type="scanner.filter.DoubleField"><code>other</code></AbstractField>
 </SimpleFilter>
</FilterList></ScanParameterResponse>"""


def test_the_simulators_document() -> None:
    found = parse(document())
    assert {each.code for each in found.codes} == set(SCANS)
    assert {each.code for each in found.instruments} == set(INSTRUMENTS)
    locations = {each.code: each.instruments for each in found.locations}
    assert locations["STK.US.MAJOR"] == ("STK",) and locations["FUT.CME"] == ("FUT.US",)
    tags = {each.tag: each for each in found.filters}
    assert set(tags) == {tag for above, below, _ in FILTERS.values() for tag in (above, below)}
    assert tags["priceAbove"].kind == "number" and tags["stkTypes"].kind == "text"


def test_field_types_choices_and_foreign_markets() -> None:
    found = parse(TWS)
    assert [each.code for each in found.instruments] == ["STK"]
    assert found.codes[0].instruments == ("STK",)
    assert [each.code for each in found.locations] == ["STK.US", "STK.US.MAJOR"]
    kinds = {each.tag: (each.kind, each.name, each.choices) for each in found.filters}
    assert kinds == {
        "priceAbove": ("number", "Price Above", ()),
        "priceBelow": ("whole", "prices", ()),
        "haltedIs": ("choice", "Halted", ("0", "1")),
        "stkTypes": ("text", "stkTypes", ("inc:ETF",)),
    }


@pytest.mark.parametrize(
    "xml",
    ["", "<a>", "<a/>", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', document().replace("<ScanType>", "<Nothing>")],
)
def test_what_is_no_such_document_is_refused(xml: str) -> None:
    with pytest.raises(QTradeError, match="scanner parameters"):
        parse(xml.replace("</ScanType>", "</Nothing>"))
