"""The real servers that stores are tested on: Redis and PostgreSQL, each on a free port with a folder of its own.

One of each a test session; what is missing on this machine skips its tests with the words of how to get it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis

from tests.patience import wait_for

PASSWORD = "s3cret/of:all@desks"  # signs that a URL must escape
NO_REDIS = "redis-server is not installed (Debian: apt-get install redis-server)"
NO_POSTGRES = "PostgreSQL is not installed (Debian: apt-get install postgresql)"
NOBODY = "postgres"  # the server refuses to be run by root


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class RedisServer:
    """Keeps nothing on the disk: a restart forgets all, as a server does whose machine failed."""

    def __init__(self) -> None:
        self._program = shutil.which("redis-server")
        self.port = free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="qtrade-redis-", ignore_cleanup_errors=True)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_installed(self) -> bool:
        return self._program is not None

    def url(self, database: int = 0) -> str:
        return f"redis://:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{database}"

    def client(self, database: int = 0) -> redis.Redis:
        return redis.Redis(port=self.port, db=database, password=PASSWORD, protocol=2)

    def start(self) -> None:
        assert self._program is not None
        options = {
            "port": str(self.port), "bind": "127.0.0.1", "dir": self._folder.name, "save": "", "appendonly": "no",
            "requirepass": PASSWORD, "loglevel": "warning", "databases": "64",
        }  # fmt: skip
        command = [self._program, *(part for name, value in options.items() for part in (f"--{name}", value))]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with self.client() as client:
            wait_for(lambda: _answers(client), "Redis answers")

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def restart(self) -> None:
        self.stop(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        self.start()

    def close(self) -> None:
        self.stop()
        self._folder.cleanup()


def _answers(client: redis.Redis) -> bool:
    with contextlib.suppress(redis.RedisError):
        return bool(client.ping())
    return False


class PostgresServer:
    """What it has committed survives a restart, though nothing waits for the disk."""

    def __init__(self) -> None:
        found = shutil.which("initdb")
        folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        self._bin = next((each for each in reversed(folders) if (each / "initdb").exists()), None)
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="qtrade-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        self._as: list[str] = []
        if os.name == "posix" and os.geteuid() == 0:
            self._as = [
                shutil.which("setpriv") or "setpriv",
                f"--reuid={NOBODY}",
                f"--regid={NOBODY}",
                "--clear-groups",
            ]

    @property
    def is_installed(self) -> bool:
        return self._bin is not None and sys.platform != "win32"

    def start(self) -> None:
        assert self._bin is not None
        data = self._folder / "data"
        if not data.exists():
            password = self._folder / "password"
            password.write_text(PASSWORD, encoding="utf-8")
            if self._as:
                shutil.chown(self._folder, NOBODY, NOBODY)
                shutil.chown(password, NOBODY, NOBODY)
            make = ["initdb", "-D", str(data), "-U", "desk", "--auth=scram-sha-256", f"--pwfile={password}", "-N"]
            self._run([*make, "--encoding=UTF8", "--locale=C"])
        options = {
            "port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off",
            "max_connections": 60, "shared_buffers": "64MB", "logging_collector": "off", "log_min_messages": "fatal",
            "full_page_writes": "off", "autovacuum": "off", "wal_level": "minimal", "max_wal_senders": 0,
        }  # fmt: skip
        command = [*self._as, str(self._bin / "postgres"), "-D", str(data)]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", start_new_session=True
        )
        wait_for(self._answers, "PostgreSQL answers")

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://desk:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="desk", password=PASSWORD, dbname=database, autocommit=True
        )

    def new_database(self) -> str:
        """Its name."""
        self._databases += 1
        name = f"desk{self._databases}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return name

    def stop(self, how: int = signal.SIGINT) -> None:
        """SIGINT = at once, with what was committed; connections are cut."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        self.stop(signal.SIGQUIT)  # nobody needs what is in it
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, command: list[str]) -> None:
        assert self._bin is not None
        done = subprocess.run(
            [*self._as, str(self._bin / command[0]), *command[1:]], capture_output=True, text=True, cwd="/"
        )
        assert done.returncode == 0, done.stderr

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.Error):
            self.connect().close()
            return True
        return False
