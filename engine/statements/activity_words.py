"""The words of an Activity Statement in English and German: sections, headings, asset classes, months. Data only."""

from __future__ import annotations

ENGLISH, GERMAN = "English", "German"
# What stands in the row "Statement,Header,...": each language says "Field Name" in its own way.
FIELD_NAME = {"Field Name": ENGLISH, "Feldname": GERMAN, "Feldbezeichnung": GERMAN}
HEADER, DATA = "Header", "Data"

SECTIONS = {
    "Statement": "Statement",
    "Account Information": "AccountInformation", "Kontoinformation": "AccountInformation",
    "Kontoinformationen": "AccountInformation",
    "Trades": "Trades", "Transaktionen": "Trades",
    "Deposits & Withdrawals": "Deposits & Withdrawals", "Einzahlungen & Auszahlungen": "Deposits & Withdrawals",
    "Dividends": "Dividends", "Dividenden": "Dividends",
    "Payment In Lieu Of Dividends": "Payment In Lieu Of Dividends",
    "Ausgleichszahlungen statt Dividenden": "Payment In Lieu Of Dividends",
    "Zahlung anstelle von Dividenden": "Payment In Lieu Of Dividends",
    "Withholding Tax": "Withholding Tax", "Quellensteuer": "Withholding Tax",
    "Interest": "Broker Interest", "Zinsen": "Broker Interest",
    "Fees": "Other Fees", "Other Fees": "Other Fees", "Gebühren": "Other Fees", "Sonstige Gebühren": "Other Fees",
    "Advisor Fees": "Advisor Fees", "Beratergebühren": "Advisor Fees",
    "Commission Adjustments": "Commission Adjustments", "Provisionsanpassungen": "Commission Adjustments",
    "Corporate Actions": "CorporateActions", "Kapitalmaßnahmen": "CorporateActions",
    "Transfers": "Transfers",
    "Open Positions": "OpenPositions", "Offene Positionen": "OpenPositions",
    "Net Asset Value": "NetAssetValue", "Nettovermögenswert": "NetAssetValue",
    "Financial Instrument Information": "SecuritiesInfo", "Informationen zum Finanzinstrument": "SecuritiesInfo",
    "Base Currency Exchange Rate": "ConversionRates", "Wechselkurs der Basiswährung": "ConversionRates",
    "Transaction History": "TransactionHistory", "Transaktionshistorie": "TransactionHistory",
    "Transaktionsverlauf": "TransactionHistory",
}  # fmt: skip
CASH_SECTIONS = frozenset(
    {
        "Deposits & Withdrawals", "Dividends", "Payment In Lieu Of Dividends", "Withholding Tax", "Broker Interest",
        "Other Fees", "Advisor Fees", "Commission Adjustments",
    }
)  # fmt: skip
TRANSACTION_HISTORY = frozenset({"Transaction History", "Transaktionshistorie", "Transaktionsverlauf"})

HEADINGS = {
    "DataDiscriminator": "levelOfDetail",
    "Asset Category": "assetCategory", "Vermögenswertkategorie": "assetCategory", "Anlagekategorie": "assetCategory",
    "Asset Class": "assetCategory", "Assetklasse": "assetCategory",
    "Currency": "currency", "Währung": "currency",
    "Account": "accountId", "Konto": "accountId",
    "Symbol": "symbol",
    "Date/Time": "dateTime", "Datum/Zeit": "dateTime",
    "Date": "dateTime", "Datum": "dateTime",
    "Settle Date": "dateTime", "Abwicklungsdatum": "dateTime", "Abrechnungsdatum": "dateTime",
    "Report Date": "reportDate", "Berichtsdatum": "reportDate",
    "Quantity": "quantity", "Menge": "quantity",
    "T. Price": "tradePrice", "T.-Kurs": "tradePrice", "Transaktionskurs": "tradePrice",
    "C. Price": "closePrice", "Schlusskurs": "closePrice", "Schlussk.": "closePrice",
    "Proceeds": "proceeds", "Erlös": "proceeds", "Erlöse": "proceeds",
    "Comm/Fee": "ibCommission", "Prov./Gebühr": "ibCommission", "Provision/Gebühr": "ibCommission",
    "Basis": "cost",
    "Realized P/L": "fifoPnlRealized", "Realisierter G&V": "fifoPnlRealized", "Realisierter G/V": "fifoPnlRealized",
    "MTM P/L": "mtmPnl", "MTM-G&V": "mtmPnl", "MTM G/V": "mtmPnl",
    "Code": "notes",
    "Description": "description", "Beschreibung": "description",
    "Amount": "amount", "Betrag": "amount",
    "Value": "value", "Wert": "value",
    "Mult": "multiplier", "Multiplier": "multiplier", "Multiplikator": "multiplier", "Mult.": "multiplier",
    "Cost Price": "costBasisPrice", "Einstands Kurs": "costBasisPrice", "Einstandskurs": "costBasisPrice",
    "Cost Basis": "costBasisMoney", "Kostenbasis": "costBasisMoney",
    "Close Price": "markPrice",
    "Conid": "conid", "Security ID": "securityID", "Wertpapier-ID": "securityID",
    "Listing Exch": "listingExchange", "Börse": "listingExchange",
    "Underlying": "underlyingSymbol", "Basiswert": "underlyingSymbol",
    "Expiry": "expiry", "Ablauf": "expiry", "Strike": "strike", "Type": "type", "Typ": "type",
    "Direction": "direction", "Qty": "quantity", "Xfer Price": "transferPrice", "Market Value": "positionAmount",
    "Cash Amount": "cashTransfer", "Xfer Account": "account", "Xfer Company": "company",
    "Current Total": "total", "Aktueller Gesamtwert": "total",
    "Exchange Rate": "rate", "Wechselkurs": "rate",
}  # fmt: skip
# "Comm in USD": what stands for the commission where currencies are traded, in the base currency.
COMMISSION_IN = ("Comm in ", "Provision in ", "Provisionen in ", "Prov. in ")

FIELDS = {
    "Title": "title", "Titel": "title", "Period": "period", "Zeitraum": "period", "Periode": "period",
    "WhenGenerated": "generated", "Erstellt am": "generated", "When Generated": "generated",
    "Account": "account", "Konto": "account", "Account Alias": "alias", "Kontoalias": "alias",
    "Base Currency": "base", "Basiswährung": "base",
}  # fmt: skip

ASSETS = (  # the beginning of the words -> IB's type; the longer ones first
    ("Stocks", "STK"), ("Aktien- und Indexoptionen", "OPT"), ("Aktien", "STK"),
    ("Equity and Index Options", "OPT"), ("Options On Futures", "FOP"), ("Futures Options", "FOP"),
    ("Optionen auf Futures", "FOP"), ("Futures-Optionen", "FOP"), ("Futures", "FUT"),
    ("Forex CFDs", "FXCFD"), ("Forex", "CASH"), ("Devisen-CFDs", "FXCFD"), ("Devisen", "CASH"),
    ("CFDs", "CFD"), ("CFD", "CFD"), ("Bonds", "BOND"), ("Anleihen", "BOND"), ("Treasury Bills", "BILL"),
    ("Warrants", "WAR"), ("Optionsscheine", "WAR"), ("Structured Products", "IOPT"),
    ("Strukturierte Produkte", "IOPT"), ("Mutual Funds", "FUND"), ("Investmentfonds", "FUND"), ("Fonds", "FUND"),
    ("Cryptocurrencies", "CRYPTO"), ("Crypto", "CRYPTO"), ("Kryptowährungen", "CRYPTO"), ("Metals", "CMDTY"),
    ("Metalle", "CMDTY"),
)  # fmt: skip
LEVELS = {"Order": "ORDER", "Trade": "EXECUTION", "Execution": "EXECUTION", "ClosedLot": "CLOSED_LOT"}
TOTALS = ("Total", "Gesamt", "Summe", "Starting", "Ending")

MONTHS = {
    name: number
    for names in (
        "January February March April May June July August September October November December",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    )
    for number, name in enumerate(names.split(), 1)
}
