"""Any process that opens the folder can serve the pages: a second, engine-less dashboard beside a running engine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from engine.clock import SystemClock
from engine.state.bus import StateBus
from engine.state.disk_store import DiskOutlet, DiskView
from engine.state.reader import StateReader
from tests.app.sample_state import fill_sample
from tests.patience import DEADLINE_S

ROOT = Path(__file__).resolve().parents[2]

CHILD = """
import json, sys
from pathlib import Path
from app.deps import AppDeps
from app.factory import create_app
from engine.state.disk_store import DiskView
from engine.state.reader import StateReader
client = create_app(AppDeps(state=StateReader(DiskView(Path(sys.argv[1]))))).server.test_client()
paths = ("/api/v1/status", "/api/v1/positions", "/api/v1/lines", "/api/v1/snapshot/TSLA", "/healthz", "/")
print(json.dumps({path: [client.get(path).status_code, client.get(path).text] for path in paths}))
"""


def test_a_dashboard_without_an_engine_shows_what_the_engine_wrote(tmp_path):
    clock = SystemClock()
    bus = StateBus(DiskOutlet(tmp_path / "state"), clock)
    fill_sample(bus, clock.wall(), clock.mono())
    bus.stop(5.0)
    assert bus.write_errors == 0
    command = [sys.executable, "-c", CHILD, str(tmp_path / "state")]
    child = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S)
    assert child.returncode == 0, child.stderr
    answers = json.loads(child.stdout)
    assert {code for code, _ in answers.values()} == {200}
    status = json.loads(answers["/api/v1/status"][1])
    assert status["broker"]["connected"] is True and status["positions"] == {"tradable": 3, "filtered": 9}
    assert len(json.loads(answers["/api/v1/lines"][1])["lines"]) == 16
    assert json.loads(answers["/api/v1/snapshot/TSLA"][1])["position"]["quantity"] == 100.0
    assert "QTrade" in answers["/"][1]


def test_the_engine_is_not_disturbed_by_readers(tmp_path):
    clock = SystemClock()
    bus = StateBus(DiskOutlet(tmp_path / "state"), clock)
    fill_sample(bus, clock.wall(), clock.mono())
    bus.stop(5.0)
    readers = [StateReader(DiskView(tmp_path / "state")) for _ in range(3)]
    again = StateBus(DiskOutlet(tmp_path / "state"), clock)
    fill_sample(again, clock.wall() + 5.0, clock.mono())
    again.stop(5.0)
    assert again.write_errors == 0
    for reader in readers:
        assert reader.read("heartbeat") == again.read("heartbeat")
        reader.close()
