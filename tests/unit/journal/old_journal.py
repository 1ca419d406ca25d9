"""A journal file as the program of schema version 2 made it: its own statements, nothing of today's tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

_TABLES = """
CREATE TABLE schema_version (version INTEGER NOT NULL, applied_at FLOAT NOT NULL, PRIMARY KEY (version));
CREATE TABLE pnl_points (
    row_id INTEGER NOT NULL, mode VARCHAR(16) NOT NULL, account VARCHAR(32) NOT NULL, market_time FLOAT NOT NULL,
    recorded_at FLOAT NOT NULL, t FLOAT NOT NULL, unrealized FLOAT, realized FLOAT, daily FLOAT,
    PRIMARY KEY (row_id), UNIQUE (mode, account, t)
);
CREATE TABLE fills (
    row_id INTEGER NOT NULL, mode VARCHAR(16) NOT NULL, account VARCHAR(32) NOT NULL, market_time FLOAT NOT NULL,
    recorded_at FLOAT NOT NULL, exec_id VARCHAR(80) NOT NULL, con_id BIGINT NOT NULL,
    local_symbol VARCHAR(64) NOT NULL, side VARCHAR(8) NOT NULL, quantity FLOAT NOT NULL, price FLOAT NOT NULL,
    exchange VARCHAR(32) NOT NULL, commission FLOAT, realized_pnl FLOAT,
    PRIMARY KEY (row_id), UNIQUE (mode, account, exec_id)
);
"""

# exec_id, con_id, local_symbol, side, quantity, price, exchange, commission, realized_pnl
OLD_FILLS = [
    ("0000e0d5.67290a01.01.01", 76792991, "TSLA", "BOT", 50.0, 409.35, "ISLAND", 1.02, 0.0),
    ("0000e0d5.67290a01.02.01", 76792991, "TSLA", "SLD", 50.0, 411.35, "ISLAND", 1.03, 97.95),
    ("0000e0d5.67290a01.02.02", 76792991, "TSLA", "SLD", 50.0, 411.25, "ISLAND", 1.03, 92.95),
    ("0000e0d5.67290a02.01.01", 495512563, "ESZ5", "BOT", 1.0, 6800.25, "CME", None, None),
    ("by-hand", 8910, "NSRGF", "BOT", 10.0, 98.0, "PINK", 1.0, None),
]


def make_old_journal(
    path: Path,
    at: float,
    fills: Iterable[tuple[object, ...]] = OLD_FILLS,
    mode: str = "simulated",
    account: str = "DU1",
) -> None:
    """The n-th fill is n seconds after `at`; one P&L point and the note of version 2 besides."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_TABLES)
        connection.execute("INSERT INTO schema_version VALUES (2, ?)", (at,))
        connection.execute(
            "INSERT INTO pnl_points VALUES (1, ?, ?, ?, ?, ?, -5.0, 1.0, 2.0)", (mode, account, *[at] * 3)
        )
        connection.executemany(
            f"INSERT INTO fills VALUES ({', '.join('?' * 14)})",
            [(n, mode, account, at + n, at + n + 1.0, *fill) for n, fill in enumerate(fills, 1)],
        )
