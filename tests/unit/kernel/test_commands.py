"""Commands and its neighbours: every command is answered, mistakes in words, names found in any spelling."""

import asyncio
import re
import socket
from types import SimpleNamespace

import pytest

from engine.broker.probe import probe
from engine.clock import FakeClock
from engine.config import UsualGateway
from engine.contracts.symbols import SymbolIndex, name_key
from engine.domain import ContractInfo, ContractRef
from engine.errors import ConfigError
from engine.kernel.commands import Commands
from engine.kernel.login import folder_name, remember_accounts, remembered_accounts
from engine.lines.report import WhatIf
from engine.lines.watch import SymbolWatch
from engine.state.commands import (
    ApplySettings,
    AskLine,
    FindSymbol,
    OpenSymbol,
    PinSymbol,
    ProbeBroker,
    Reconnect,
    RevertChange,
    WhyNot,
)
from tests.patience import DEADLINE_S

BRK = ContractRef(72_063_691, "BRK B", "BRK B", "STK", exchange="SMART", primary_exchange="NYSE")
NQ = ContractRef(1, "NQ", "NQZ5", "FUT", exchange="CME")


class Broker:
    """The members that the desk uses."""

    def __init__(self) -> None:
        self.link = SimpleNamespace(connected=True)
        self.reconnects: list[str] = []
        self.found = [ContractRef(9, "SMCI", "SMCI", "STK", exchange="SMART")]
        self.offers: dict[str, list[ContractRef]] = {}
        self.contracts: dict[int, ContractRef] = {}
        self.asked: list[str] = []

    def reconnect(self, reason: str) -> None:
        self.reconnects.append(reason)

    async def search(self, pattern: str, timeout_s: float = 10.0) -> list[ContractRef]:
        if pattern == "BUG":
            raise ZeroDivisionError("planted")
        if pattern == "SLOW":
            await asyncio.Event().wait()
        self.asked.append(pattern)
        return self.offers.get(pattern) or [c for c in self.found if c.symbol == pattern]

    async def contract_info(self, contract: ContractRef, timeout_s: float = 15.0) -> list[ContractInfo]:
        known = self.contracts.get(contract.con_id)
        return [ContractInfo(known)] if known else []


class Keeper:
    def __init__(self) -> None:
        self.disk = asyncio.Event()  # its absence: the disk takes its time
        self.disk.set()

    async def change(self, changes, who):
        if "bad" in changes:
            raise ConfigError("bad is not a setting.")
        if "bug" in changes:
            raise ZeroDivisionError("planted")
        await self.disk.wait()
        return "1 setting applied."

    async def revert(self, change_id, who):
        return f"reverted {change_id}"

    async def keep_scan(self, command):
        return "kept"


class Lines:
    def what_if(self, contract, line_class):
        return WhatIf(f"adding {contract.local_symbol} would evict IONQ ({line_class}, idle 9 min)", "1 cancel.", 17)

    def explain(self, con_id):
        return "no line: not in any scan"


@pytest.fixture
def desk():
    symbols, watch, broker, planned = SymbolIndex(), SymbolWatch(), Broker(), []
    symbols.learn([BRK, NQ])
    keeper, told = Keeper(), []

    def inspect(text):
        raise ZeroDivisionError("planted")

    desk = Commands(
        keeper,
        watch,
        symbols,
        broker,
        FakeClock(),
        lambda: planned.append(1),
        Lines(),
        inspect=inspect,
        on_answer=lambda: told.append(1),
    )
    return SimpleNamespace(
        desk=desk, symbols=symbols, watch=watch, broker=broker, planned=planned, keeper=keeper, told=told
    )


def answers(desk):
    return {answer.request_id: answer for answer in desk.desk.section().answers}


def test_settings_pins_and_reconnect(desk):
    async def scenario():
        desk.desk.take(
            [
                ApplySettings("a", {"breakout.bars_n": 15}),
                ApplySettings("b", {"bad": 1}),
                RevertChange("c", 7),
                PinSymbol("d", BRK.con_id, True),
                PinSymbol("e", 424242, True),
                Reconnect("f"),
                OpenSymbol("g", NQ.con_id, "tab"),
            ]
        )
        await desk.desk.finish()

    asyncio.run(scenario())
    assert len(desk.told) == 5, "each later answer is told"
    said = answers(desk)
    assert said["a"].ok and not said["b"].ok and said["b"].text == "bad is not a setting."
    assert said["c"].text == "reverted 7"
    assert "BRK B is pinned" in said["d"].text and desk.watch.is_pinned(BRK.con_id)
    assert not said["e"].ok and "424242" in said["e"].text
    assert desk.broker.reconnects
    assert "g" not in said, "a page that opens a symbol needs no toast"
    assert len(desk.planned) == 2


def test_a_line_is_asked_about_before_it_happens(desk):
    desk.desk.take([AskLine("a", BRK.con_id, "25"), AskLine("b", 424242, "50")])
    desk.broker.link.connected = False
    desk.desk.take([AskLine("c", BRK.con_id, "25")])
    said = answers(desk)
    headline = "adding BRK B would evict IONQ (25, idle 9 min)"
    assert said["a"].ok and said["a"].value == [headline, "1 cancel.", "no line: not in any scan", 17]
    assert said["a"].text.startswith(headline)
    assert not said["b"].ok and "find it by its name first" in said["b"].text
    assert not said["c"].ok and "no connection" in said["c"].text
    assert desk.planned == [], "a question plans nothing"


def test_find_asks_the_broker_only_for_unknown_names(desk):
    async def scenario():
        desk.desk.take([FindSymbol("a", "brk.b"), FindSymbol("b", "smci"), FindSymbol("c", "nonesuch")])
        async with asyncio.timeout(DEADLINE_S):
            while len(answers(desk)) < 3:
                await asyncio.sleep(0.01)

    asyncio.run(scenario())
    said = answers(desk)
    assert said["a"].value == [[BRK.con_id, "BRK B", "STK", "NYSE", True]]
    assert said["b"].value == [[9, "SMCI", "STK", "SMART", True]]
    assert not said["c"].ok and "nonesuch" in said["c"].text
    assert desk.symbols.find("SMCI"), "what the broker told is remembered"
    assert desk.broker.asked == ["SMCI", "NONESUCH"]


def found(desk, *texts):
    """The rows that are answered to each text, asked at once."""

    async def scenario():
        desk.desk.take([FindSymbol(text, text) for text in texts])
        async with asyncio.timeout(DEADLINE_S):
            while len(answers(desk)) < len(texts):
                await asyncio.sleep(0.01)

    asyncio.run(scenario())
    return [answers(desk)[text].value for text in texts]


def test_what_the_broker_offers_besides_is_told_from_what_is_called_so(desk):
    desk.broker.offers["NAN"] = [ContractRef(11, "NANX", "NANX", "STK", exchange="SMART")]
    assert found(desk, "nan") == [[[11, "NANX", "STK", "SMART", False]]]


def test_the_broker_is_asked_in_its_own_spelling_first(desk):
    desk.broker.offers["T-REX"] = [ContractRef(12, "TRX", "TRX", "STK", exchange="SMART")]
    assert found(desk, "bf/b", "t-rex") == [[], [[12, "TRX", "STK", "SMART", False]]]
    assert sorted(desk.broker.asked) == ["BF B", "BF/B", "T REX", "T-REX"]


def test_a_number_is_looked_up_as_a_name_and_then_as_a_con_id(desk):
    desk.broker.offers["4391"] = [ContractRef(13, "4391", "4391", "STK", exchange="TSEJ")]
    desk.broker.contracts[4391] = ContractRef(4391, "AMD", "AMD", "STK", exchange="SMART")
    assert found(desk, "4391") == [[[13, "4391", "STK", "TSEJ", True]]], "one that is called so is what was meant"
    desk.symbols.learn([desk.broker.contracts[4391]])
    assert found(desk, " 4391") == [[[4391, "AMD", "STK", "SMART", True], [13, "4391", "STK", "TSEJ", True]]]
    desk.broker.contracts[700] = ContractRef(700, "OLD", "OLD", "STK", exchange="SMART")
    assert found(desk, "700", "701") == [[[700, "OLD", "STK", "SMART", True]], []]


def test_a_name_is_not_called_unknown_while_the_broker_cannot_be_asked(desk):
    desk.broker.link.connected = False

    async def scenario():
        desk.desk.take([FindSymbol("a", "smci"), FindSymbol("b", "nqz5")])
        async with asyncio.timeout(DEADLINE_S):
            while len(answers(desk)) < 2:
                await asyncio.sleep(0.01)

    asyncio.run(scenario())
    said = answers(desk)
    assert not said["a"].ok and said["a"].value is None and "not connected" in said["a"].text
    assert said["b"].ok, "what is known here needs no broker"


def test_a_bug_is_answered_too_and_costs_no_other_command(desk, caplog):
    with pytest.raises(ZeroDivisionError):
        desk.desk.take([WhyNot("a", "BRK B"), Reconnect("b")])
    assert desk.desk.is_waiting
    desk.desk.take([])
    assert not desk.desk.is_waiting

    async def scenario():
        desk.desk.take([FindSymbol("c", "bug"), ApplySettings("d", {"bug": 1})])
        async with asyncio.timeout(DEADLINE_S):
            while not {"c", "d"} <= answers(desk).keys():
                await asyncio.sleep(0.01)

    asyncio.run(scenario())
    said = answers(desk)
    assert [said[key].ok for key in "abcd"] == [False, True, False, False]
    assert all("log file" in said[key].text for key in "acd")
    assert "planted" in caplog.text


def test_questions_under_way_are_bounded(desk):
    async def scenario():
        desk.desk.take([FindSymbol(f"f{number}", "slow") for number in range(20)])

    asyncio.run(scenario())
    refused = [answer for answer in answers(desk).values() if "under way" in answer.text]
    assert len(refused) == 12


def test_a_stop_waits_for_changes_on_their_way_to_the_disk(desk):
    async def scenario():
        desk.keeper.disk.clear()
        desk.desk.take([ApplySettings(f"s{number}", {"breakout.bars_n": number}) for number in range(20)])
        ending = asyncio.create_task(desk.desk.finish())
        await asyncio.sleep(0)
        assert not ending.done() and not answers(desk)
        desk.keeper.disk.set()
        await ending

    asyncio.run(scenario())
    assert len(answers(desk)) == 20, "changes are not counted among the questions"


async def timed(work):
    began = asyncio.get_running_loop().time()
    return (*await work, asyncio.get_running_loop().time() - began)


def port_of(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


def test_probe_tells_what_is_wrong():
    async def scenario():
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        refused = await timed(probe("127.0.0.1", port, timeout_s=0.3, usual=()))

        async def greet(reader, writer):
            await reader.read(64)
            writer.write(b"\0\0\0\x1a176\x0020251110 05:31:04 EST\0")
            await writer.drain()
            writer.close()

        async def silent(reader, writer):
            await reader.read()
            writer.close()

        async def other(reader, writer):
            await reader.read(64)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        said = []
        for handler in (greet, silent, other):
            server = await asyncio.start_server(handler, "127.0.0.1", 0)
            async with server:
                said.append(await timed(probe("127.0.0.1", port_of(server), timeout_s=0.3, usual=())))
        async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
            usual = [UsualGateway("TWS", "live", port), UsualGateway("IB Gateway", "paper", port_of(server))]
            instead = await probe("127.0.0.1", port, timeout_s=0.3, usual=usual)
            words = f"127.0.0.1:{port}. But a TWS API answers at {port_of(server)} (usually IB Gateway paper)."
            assert words in instead[1]
        return port, refused, *said

    port, refused, greeted, silent, other = asyncio.run(scenario())
    assert greeted[0] is True and "server version 176" in greeted[1]
    assert refused[1].startswith(
        f"No TWS API answers at 127.0.0.1:{port}. Start TWS or IB Gateway and log in. In TWS, File"
    )
    for said in (silent, other):
        assert said[0] is False
        assert re.sub(r"\d{4,5}", "", said[1]) == re.sub(r"\d{4,5}", "", refused[1]), "nobody learns what runs there"
        assert abs(said[2] - refused[2]) < 0.25


def test_probe_command_is_answered(desk):
    async def scenario():
        desk.desk.take([ProbeBroker("p", "127.0.0.1", 1)])
        async with asyncio.timeout(DEADLINE_S):
            while "p" not in answers(desk):
                await asyncio.sleep(0.01)

    asyncio.run(scenario())
    assert not answers(desk)["p"].ok


@pytest.mark.parametrize("text", ["BRK B", "brk.b", "BRK-B", " brk  b "])
def test_names_in_any_spelling(desk, text):
    assert name_key(text) == "BRK B"
    assert desk.symbols.find(text) == [BRK]


def test_index_keeps_the_description_with_an_exchange(desk):
    desk.symbols.learn([ContractRef(1, "NQ", "NQZ5", "FUT")])
    assert desk.symbols.contract(1).exchange == "CME"
    assert [c.local_symbol for c in desk.symbols.find("NQ")] == ["NQZ5"]
    assert desk.symbols.find("1") == [NQ]
    assert desk.symbols.find("77") == []


def test_index_forgets_what_was_met_longest_ago(desk):
    others = [ContractRef(1_000 + n, f"S{n}", f"S{n}", "STK", exchange="SMART") for n in range(4_999)]
    desk.symbols.learn(others)
    desk.symbols.learn([NQ])
    desk.symbols.learn([ContractRef(999_999, "NEW", "NEW", "STK", exchange="SMART")])
    assert desk.symbols.contract(NQ.con_id) == NQ
    assert desk.symbols.contract(BRK.con_id) is None
    assert len(desk.symbols.all()) == 5_000


def test_account_folders(tmp_path, caplog):
    assert folder_name("paper", "DU1234567") == "paper-DU1234567"
    assert folder_name("live", "../../etc") == "live-.._.._etc"
    assert remembered_accounts(tmp_path, "paper") == ()
    remember_accounts(tmp_path, "paper", ("DU1",))
    remember_accounts(tmp_path, "live", ("F1", "U2", "U3"))
    assert (remembered_accounts(tmp_path, "paper"), remembered_accounts(tmp_path, "live")) == (
        ("DU1",),
        ("F1", "U2", "U3"),
    )
    (tmp_path / "accounts.json").write_text('{"paper": "DU7"}', encoding="utf-8")
    assert remembered_accounts(tmp_path, "paper") == ("DU7",), "as an earlier version wrote it"
    (tmp_path / "accounts.json").write_text("[", encoding="utf-8")
    assert remembered_accounts(tmp_path, "paper") == ("DU7",), "of the copy, which is the last good one"
    for name in ("accounts.json", "accounts.json.copy"):
        (tmp_path / name).write_text("[", encoding="utf-8")
    assert remembered_accounts(tmp_path, "paper") == ()
