"""Sectors: learned from details, the wanted first, one each two seconds, kept over restarts."""

from engine.contracts.sectors import ANSWER_S, FILE_NAME, SAVE_S, SectorBook
from engine.domain import ContractInfo, ContractRef

CARS = ("Consumer, Cyclical", "Auto Manufacturers", "Auto-Cars")


def stock(con_id: int) -> ContractRef:
    return ContractRef(con_id, f"S{con_id}", f"S{con_id}", "STK", exchange="SMART")


def info(con_id: int, sector=CARS) -> ContractInfo:
    return ContractInfo(stock(con_id), industry=sector[0], category=sector[1], subcategory=sector[2])


def test_one_question_each_two_seconds_in_the_order_that_is_wanted():
    asked = []
    book = SectorBook(asked.append)
    wanted = [ContractRef(9, "NQ", "NQZ5", "FUT"), stock(2), stock(1), stock(3)]
    for second in range(5):
        book.step(wanted, float(second), connected=True)
        if asked:
            book.learn(asked[-1].con_id, None if asked[-1].con_id == 1 else info(asked[-1].con_id))
    assert [contract.con_id for contract in asked] == [2, 1, 3], "no future, none twice"
    assert book.section().waiting == 1
    book.on_connected()
    book.step(wanted, 10.0, connected=True)
    assert asked[-1].con_id == 1, "what was not answered is asked for again, what is known is not"


def test_a_question_without_an_answer_keeps_the_others_waiting_for_a_minute():
    asked = []
    book = SectorBook(asked.append)
    for second in (0.0, 2.0, 4.0, ANSWER_S - 1.0):
        book.step([stock(1), stock(2)], second, connected=True)
    assert [contract.con_id for contract in asked] == [1]
    book.step([stock(1), stock(2)], ANSWER_S, connected=True)
    assert [contract.con_id for contract in asked] == [1, 2]


def test_nothing_is_asked_without_a_connection():
    asked = []
    SectorBook(asked.append).step([stock(1)], 0.0, connected=False)
    assert asked == []


def test_the_section_is_the_same_object_until_something_is_learned():
    book = SectorBook(lambda contract: None)
    before = book.section()
    assert book.section() is before
    book.learn(1, info(1))
    book.learn(2, info(2))
    book.learn(3, ContractInfo(ContractRef(3, "NQ", "NQZ5", "FUT")))
    book.learn(4, None)
    section = book.section()
    assert section.sectors == (CARS,) and section.of == ((1, 0), (2, 0))
    book.learn(1, info(1))
    assert book.section() is section, "the same again is no news"


def test_they_are_kept_in_the_folder(tmp_path):
    book = SectorBook(lambda contract: None)
    book.attach(tmp_path)
    book.learn(1, info(1))
    book.step([], SAVE_S, connected=False)
    assert (tmp_path / FILE_NAME).exists()
    later, asked = SectorBook(lambda contract: asked.append(contract)), []
    later.attach(tmp_path)
    later.step([stock(1)], 0.0, connected=True)
    assert (later.sector(1), asked) == (CARS, [])


def test_a_damaged_file_is_made_anew(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b'{"1": ["only one"]}')
    book = SectorBook(lambda contract: None)
    book.attach(tmp_path)
    assert book.sector(1) is None
