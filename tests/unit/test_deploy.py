"""deploy/: every option, setting, port and address that stands there is one that the program knows."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from app.launch.cli import parse_command_line
from engine.config import AppConfig, WebSettings
from engine.settings.effective import resolve
from engine.settings.sources import from_environment
from engine.storage.build_id import SOURCES

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE, LAB, KUBERNETES = (DEPLOY / n for n in ("docker-compose.yml", "docker-compose.lab.yml", "kubernetes.yaml"))
SECRET = "s3cret"


class Started(NamedTuple):
    """A container of ours. `probe` = what asks whether it is well, "" = nothing does."""

    name: str
    arguments: list[str]
    environment: dict[str, str]
    probe: str


def of_compose() -> Iterator[Started]:
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    for name, service in services.items():
        if service.get("image") == "qtrade":
            values = {key: filled(value) for key, value in service["environment"].items() if value}
            yield Started(name, service["command"], values, str(service.get("healthcheck", {}).get("test", "")))


def filled(text: str) -> str:
    """As compose puts values in: ${NAME:-default} and ${NAME:?why}."""
    return re.sub(r"\$\{\w+(?::([-?])([^}]*))?\}", lambda m: m[2] if m[1] == "-" else SECRET, text)


def of_kubernetes() -> Iterator[Started]:
    for document in yaml.safe_load_all(KUBERNETES.read_text()):
        containers = document["spec"].get("template", {}).get("spec", {}).get("containers", [])
        for each in containers:
            if each["image"] == "qtrade":
                told = {one["name"]: one.get("value", SECRET) for one in each["env"]}
                ours = {key: _put_in(value, told) for key, value in told.items() if key.startswith("QTRADE_")}
                yield Started(document["metadata"]["name"], each["args"], ours, str(each.get("livenessProbe", "")))


def _put_in(text: str, values: dict[str, str]) -> str:
    """As Kubernetes does: $(NAME) of the variables before it."""
    return re.sub(r"\$\((\w+)\)", lambda match: values[match[1]], text)


STARTED = [*of_compose(), *of_kubernetes()]


def settings_of(started: Started) -> AppConfig:
    """Raises ConfigError: an option, variable or value that the program refuses."""
    program, *options = started.arguments
    if program == "-m":
        assert options.pop(0) == "engine" and (ROOT / "engine" / "__main__.py").exists()
    else:
        assert program == "app.py"
    typed = parse_command_line(options)
    return resolve([typed.layer, from_environment(started.environment)]).config


@pytest.mark.parametrize("started", STARTED, ids=lambda started: started.name)
def test_options_and_variables_are_the_programs(started: Started) -> None:
    config = settings_of(started)
    assert config.state.url == f"redis://:{SECRET}@redis:6379/0"
    assert config.journal.url == f"postgresql+psycopg://qtrade:{SECRET}@postgres:5432/qtrade"
    assert config.data_dir == "/data/qtrade"
    if "--no-engine" in started.arguments:
        port = WebSettings().port
        assert config.web.port == port and f"http://127.0.0.1:{port}/healthz" in started.probe
    else:
        assert config.engine.name == "west"


def test_both_examples_start_an_engine_and_a_dashboard() -> None:
    assert sorted(started.name for started in STARTED) == ["dashboard", "dashboard", "engine", "engine-west"]


def test_what_stands_in_urls_is_there() -> None:
    compose, lab = (yaml.safe_load(path.read_text())["services"] for path in (COMPOSE, LAB))
    assert {"redis", "postgres"} <= compose.keys()
    assert compose["dashboard"]["ports"] == [f"127.0.0.1:{WebSettings().port}:{WebSettings().port}"]
    address = lab["engine"]["environment"]["QTRADE_LAB__DASK"]
    assert resolve([from_environment({"QTRADE_LAB__DASK": address})]).config.lab.dask == "tcp://dask:8786"
    assert address in lab["dask-worker"]["command"] and "8786" in lab["dask"]["command"]
    documents = list(yaml.safe_load_all(KUBERNETES.read_text()))
    ports = {d["metadata"]["name"]: d["spec"]["ports"][0]["port"] for d in documents if d["kind"] == "Service"}
    assert ports == {"redis": 6379, "postgres": 5432}


def test_every_password_comes_from_outside() -> None:
    for service in yaml.safe_load(COMPOSE.read_text())["services"].values():
        for key, value in service["environment"].items():
            if re.search("PASSWORD|AUTH", key):
                assert value.startswith("${"), key
    for line in (*COMPOSE.read_text().splitlines(), *KUBERNETES.read_text().splitlines()):
        for password in re.findall(r"://\w*:([^@]+)@", line):
            assert password.startswith(("${", "$(")), line
    for document in yaml.safe_load_all(KUBERNETES.read_text()):
        for container in document["spec"].get("template", {}).get("spec", {}).get("containers", []):
            for each in container["env"]:
                if re.search("PASSWORD|AUTH", each["name"]):
                    assert "secretKeyRef" in each["valueFrom"], each


def test_the_image_holds_what_runs_and_nothing_else() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    copied = {name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]}
    assert copied == {*SOURCES, "config.yaml", "requirements-scale.txt"}, "the build id is of these"
    let_in = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"}
    assert let_in == copied and all((ROOT / name).exists() for name in copied)


def lint(*command: Any) -> None:
    done = subprocess.run([sys.executable, "-m", *map(str, command)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.thorough
def test_the_linters_agree() -> None:
    pytest.importorskip("yamllint")
    pytest.importorskip("kubernetes_validate")
    lint("yamllint", "--strict", DEPLOY, "config.yaml")
    lint("kubernetes_validate", "--strict", KUBERNETES)
