"""An update puts one program in the place of the other and back, or says why not and touches nothing."""

from __future__ import annotations

import ast
import hashlib
import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from app.launch import update as module
from app.launch.update import UpdateRefused, go_back, release_in, update

CONFIG = "broker:\n  mode: paper\n"
SHOWN = "print('QTrade of the test')\n"


def program(version: str, lock: str = "dash==1", **more: str) -> dict[str, str]:
    """The smallest thing that is a QTrade; each version has other sources, so another build."""
    return {
        "start.py": SHOWN + f"# {version}\n",
        "app.py": f"# {version}\n",
        "app/pages/one.py": f"# {version}\n",
        "engine/storage/build_id.py": f'VERSION = "{version}"\n',
        "requirements.txt": f"{lock}\n",
        "config.yaml": "broker:\n  mode: simulated\n",
        **more,
    }


def lay(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def pack(file: Path, files: dict[str, str], prefix: str = "qtrade-main/") -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(prefix + name, text)
    return file


def picture(folder: Path) -> dict[str, str]:
    """Every file but what an update keeps for itself."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file() and not path.relative_to(folder).parts[0].startswith((".previous", ".update"))
    }


OLD = program("0.1.0", **{"docs/gone.md": "old"})
NEW = program("0.2.0", lock="dash==2", **{"docs/new.md": "new", "assets/x.css": "a {}"})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "qtrade"
    lay(made, OLD)
    lay(made, {"config.yaml": CONFIG, "my tapes/day.tape": "mine", ".venv/pyvenv.cfg": "old environment"})
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return pack(tmp_path / "new.zip", NEW)


class Machine:
    """What the update asks and says."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.processes: list[int] = []
        self.answer: str | Exception = ""
        self.makes_environment = True

    def run(self, root: Path) -> str:
        if self.makes_environment and not (root / ".venv").exists():
            lay(root, {".venv/pyvenv.cfg": "new environment"})
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or f"QTrade {release_in(root)}"

    def update(self, root: Path, file: Path) -> str:
        update(root, file, self.said.append, lambda _: self.processes, self.run)
        return "\n".join(self.said)

    def back(self, root: Path) -> str:
        go_back(root, self.said.append, lambda _: self.processes)
        return "\n".join(self.said)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_the_new_one_stands_there_and_what_is_the_users_stays(root: Path, file: Path, machine: Machine) -> None:
    before = release_in(root)
    said = machine.update(root, file)
    after = release_in(root)
    assert f"QTrade {before} is replaced by {after}." in said and after.version == "0.2.0"
    assert f"Back to {before}: start.py update --back" in said and "stays; the new one lies beside it" in said
    assert picture(root) == NEW | {
        "config.yaml": CONFIG,
        "config.yaml.new": NEW["config.yaml"],
        "my tapes/day.tape": "mine",
        ".venv/pyvenv.cfg": "new environment",
    }
    assert not (root / ".update").exists()


def test_it_goes_back_and_forth(root: Path, file: Path, machine: Machine) -> None:
    before = picture(root)
    machine.update(root, file)
    updated = picture(root)
    said = machine.back(root)
    assert "QTrade 0.2.0" in said and "0.1.0" in said
    assert picture(root) == before | {"config.yaml.new": NEW["config.yaml"]}, "the environment of before, too"
    machine.back(root)
    assert picture(root) == updated


def test_the_environment_stays_where_the_packages_are_the_same(root: Path, tmp_path: Path, machine: Machine) -> None:
    machine.update(root, pack(tmp_path / "n.zip", program("0.2.0")))
    assert (root / ".venv" / "pyvenv.cfg").read_text(encoding="utf-8") == "old environment"
    machine.back(root)
    assert (root / ".venv" / "pyvenv.cfg").read_text(encoding="utf-8") == "old environment"


def test_a_config_that_nobody_changed_is_not_laid_beside(root: Path, file: Path, machine: Machine) -> None:
    (root / "config.yaml").write_bytes(NEW["config.yaml"].replace("\n", "\r\n").encode())
    machine.update(root, file)
    assert not (root / "config.yaml.new").exists()


def test_a_zip_without_a_folder_around_it(root: Path, tmp_path: Path, machine: Machine) -> None:
    machine.update(root, pack(tmp_path / "flat.zip", NEW, prefix=""))
    assert release_in(root).version == "0.2.0"


@pytest.mark.parametrize("answer", [OSError("exit code 1"), "QTrade 0.2.0 (build 0000000)"])
def test_one_that_does_not_start_gives_way_to_the_old(
    root: Path, file: Path, machine: Machine, answer: str | Exception
) -> None:
    before = picture(root)
    machine.answer = answer
    with pytest.raises(UpdateRefused, match=r"does not start .*0\.1\.0 .* is back"):
        machine.update(root, file)
    assert picture(root) == before | {"config.yaml.new": NEW["config.yaml"]}


Change = Callable[[Path, Path], object]
SUM = "0" * 64


def rewritten(files: dict[str, str], prefix: str = "q/") -> Change:
    return lambda root, file: pack(file, files, prefix)


def with_link(root: Path, file: Path) -> None:
    with zipfile.ZipFile(pack(file, NEW), "a") as archive:
        link = zipfile.ZipInfo("qtrade-main/docs/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")


def damaged(root: Path, file: Path) -> None:
    raw = bytearray(file.read_bytes())
    raw[raw.index(b"start.py") + len(b"start.py") + 5] ^= 0xFF  # in what is packed
    file.write_bytes(bytes(raw))


UNFIT: dict[str, tuple[Change, str]] = {
    "no zip": (lambda root, file: file.write_bytes(b"hello"), "can't be unpacked"),
    "empty": (lambda root, file: file.write_bytes(b""), "can't be unpacked"),
    "damaged": (damaged, "can't be unpacked"),
    "another program": (rewritten({"setup.py": "", "README.md": ""}), "it holds no start.py"),
    "no version": (rewritten(NEW | {"engine/storage/build_id.py": "x = 1\n"}), "does not say its version"),
    "a way out": (rewritten(NEW | {"../../x.py": "1"}), "a file named 'q/../../x.py'"),
    "an absolute path": (rewritten(NEW | {"/etc/x": "1"}, ""), "a file named '/etc/x'"),
    "a drive": (rewritten(NEW | {"C:\\x": "1"}, ""), "a file named"),
    "a device": (rewritten(NEW | {"docs/nul.txt": "1"}), "can't be one of QTrade's"),
    "twice": (rewritten(NEW | {"APP.py": "1"}), "can't be one of QTrade's"),
    "a link": (with_link, "is a link"),
    "a folder in use": (rewritten(NEW | {".venv/pyvenv.cfg": "1"}), "packed from a folder in use"),
    "another sum": (
        lambda root, file: file.with_name(file.name + ".sha256").write_text(f"{SUM}  new.zip\n"), "load it again",
    ),
    "no sum in it": (lambda root, file: file.with_name(file.name + ".sha256").write_text("?"), "says no SHA-256"),
    "older": (rewritten(program("0.0.9")), "older than 0.1.0"),
    "the same": (rewritten(OLD), "which is what lies here already"),
    "no file": (lambda root, file: file.unlink(), "is no file"),
    "a checkout": (lambda root, file: (root / ".git").mkdir(), "git pull"),
}  # fmt: skip


@pytest.mark.parametrize("kind", UNFIT)
def test_what_does_not_fit_is_refused_and_nothing_touched(kind: str, root: Path, file: Path, machine: Machine) -> None:
    change, words = UNFIT[kind]
    change(root, file)
    before = picture(root)
    with pytest.raises(UpdateRefused) as refused:
        machine.update(root, file)
    assert words in str(refused.value), str(refused.value)
    assert picture(root) == before and not (root / ".update").exists() and not (root / ".previous").exists()


def test_a_file_that_unpacks_to_more_than_it_says(root: Path, file: Path, machine: Machine) -> None:
    """The size in a ZIP's list is only a word."""
    pack(file, NEW | {"docs/big.md": "x" * 100_000})
    raw = file.read_bytes()
    file.write_bytes(raw.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(UpdateRefused):
        machine.update(root, file)


def test_more_than_any_qtrade_is_not_unpacked(
    root: Path, file: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MOST_FILES", "MOST_BYTES"):
        with monkeypatch.context() as patched:
            patched.setattr(module, name, 3)
            with pytest.raises(UpdateRefused, match="larger than any QTrade"):
                machine.update(root, file)


def test_a_sum_that_lies_beside_it_is_compared(root: Path, file: Path, machine: Machine) -> None:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    file.with_name(file.name + ".sha256").write_text(f"{digest.upper()} *new.zip\n", encoding="ascii")
    assert "Its SHA-256 is that of new.zip.sha256." in machine.update(root, file)


def test_without_one_it_says_the_sum(root: Path, file: Path, machine: Machine) -> None:
    assert hashlib.sha256(file.read_bytes()).hexdigest() in machine.update(root, file)


def test_one_that_runs_is_not_touched(root: Path, file: Path, machine: Machine) -> None:
    before = picture(root)
    machine.processes = [4711]
    with pytest.raises(UpdateRefused, match=r"process 4711.*Ctrl\+C.*systemctl --user stop.*schtasks /End"):
        machine.update(root, file)
    assert picture(root) == before
    machine.processes = []
    machine.update(root, file)
    machine.processes = [4712]
    with pytest.raises(UpdateRefused, match="process 4712"):
        machine.back(root)
    assert release_in(root).version == "0.2.0"


def test_what_can_not_be_moved_leaves_everything_where_it_was(
    root: Path, file: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows a file that is open keeps its folder from being moved."""
    before, rename = picture(root), Path.rename

    def stuck(self: Path, target: Path) -> Path:
        if self == root / "engine":
            raise PermissionError(13, "is used by another process", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stuck)
    with pytest.raises(UpdateRefused, match=r"engine can't be moved .*nothing was changed. Close what uses it"):
        machine.update(root, file)
    monkeypatch.undo()
    assert picture(root) == before and not (root / ".update.json").exists()


CUT_OFF = """
import os, sys
from pathlib import Path
from app.launch.update import go_back, release_in, update
root, file, after = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[4])
rename, moved = Path.rename, 0

def cut(self, target):
    global moved
    if moved == after:
        os._exit(9)
    moved += 1
    return rename(self, target)

Path.rename = cut
if sys.argv[3] == "update":
    update(root, file, print, lambda _: [], lambda _: str(release_in(root)))
else:
    go_back(root, print, lambda _: [])
"""


@pytest.mark.parametrize("way", ["update", "back"])
@pytest.mark.parametrize("after", [0, 1, 4, 9, 12])
def test_whenever_it_is_cut_off_the_next_command_puts_all_back(
    after: int, way: str, root: Path, file: Path, machine: Machine
) -> None:
    """The process dies between two moves, as when the power goes."""
    if way == "back":
        machine.update(root, file)
    before = picture(root)
    command = [sys.executable, "-c", CUT_OFF, root, file, way, str(after)]
    here = Path(module.__file__).parents[2]
    ended = subprocess.run(command, env=dict(os.environ, PYTHONPATH=str(here)), check=False, capture_output=True)
    assert ended.returncode == 9, ended.stderr
    assert (root / "start.py").exists(), "there is something to go on with"
    if (root / ".update.json").exists():
        assert "has been taken back: here is QTrade" in machine.back(root)
        assert picture(root) == before
    elif way == "update":  # done, but for the name of what is kept
        machine.back(root)
        assert release_in(root).version == "0.1.0"
    else:
        machine.back(root)
        assert release_in(root).version == "0.2.0"


def test_without_an_update_there_is_nothing_to_go_back_to(root: Path, machine: Machine) -> None:
    with pytest.raises(UpdateRefused, match="no QTrade to go back to"):
        machine.back(root)


def test_the_files_of_this_checkout_could_be_packed(root: Path) -> None:
    here = Path(module.__file__).parents[2]
    listed = subprocess.run(["git", "ls-files"], cwd=here, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    infos = [zipfile.ZipInfo(f"qtrade-main/{name}") for name in listed if name]
    assert len(module._safe(infos)) == len(infos)


def test_it_and_the_service_need_the_standard_library_only() -> None:
    folder = Path(module.__file__).parents[2]
    for name in ("app/launch/update.py", "app/launch/service.py", "engine/storage/build_id.py"):
        tree = ast.parse((folder / name).read_text(encoding="utf-8"))
        names = {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
        names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        assert {each.split(".")[0] for each in names - {"engine.storage.build_id"}} <= sys.stdlib_module_names, name
    for package in ("app", "app/launch", "engine", "engine/kernel"):
        assert not (folder / package / "__init__.py").read_text(encoding="utf-8"), f"{package} would be run"


def test_as_a_command(root: Path, file: Path) -> None:
    """By another process, as start.py calls it: the proof is the new start.py itself."""
    here = Path(module.__file__).parents[2]
    lay(root, {"start.py": SHOWN})
    env = dict(os.environ, PYTHONPATH=str(here))

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app.launch.update", str(root), "update", *words]
        return subprocess.run(command, capture_output=True, text=True, env=env, cwd=file.parent, check=False)

    refused = call("new.zip")  # its start.py says a name, but no build
    assert refused.returncode == 1 and "does not start" in refused.stderr and "QTrade of the test" in refused.stdout
    build = release_in(root).build
    usage = call()
    assert usage.returncode == 1 and "start.py: update: write: python start.py update FILE.zip" in usage.stderr
    assert release_in(root).build == build
