from __future__ import annotations

from xml.etree import ElementTree

from simulator import scanner_xml

USED = ["TOP_PERC_GAIN", "TOP_OPEN_PERC_GAIN", "HOT_BY_VOLUME", "HIGH_VS_52W_HL", "HIGH_LAST_VS_EMA50",
        "TOP_VOLUME_RATE", "HIGH_OPEN_GAP", "TOP_PERC_LOSE", "HALTED"]  # fmt: skip


def test_the_document_is_well_formed_and_names_every_scan() -> None:
    root = ElementTree.fromstring(scanner_xml.document())
    codes = {node.text for node in root.iter("scanCode")}
    assert set(USED) <= codes
    assert {"STK.US.MAJOR", "FUT.US", "IND.US"} <= {node.text for node in root.iter("locationCode")}
    assert {"avgVolumeAbove", "avgUsdVolumeAbove", "stkTypes"} <= {node.text for node in root.iter("code")}
    assert root.tag == "ScanParameterResponse"


def test_instrument_location_and_code_must_match() -> None:
    assert all(scanner_xml.known("STK", "STK.US.MAJOR", code) for code in USED)
    assert scanner_xml.known("FUT.US", "FUT.US", "HOT_BY_VOLUME")
    assert not scanner_xml.known("STK", "FUT.US", "TOP_PERC_GAIN")
    assert not scanner_xml.known("STK", "STK.US", "NO_SUCH_SCAN")
