#!/usr/bin/env python3
"""Start QTrade, or run its tests, from nothing but a Python: makes .venv, installs into it, hands over.

    python start.py [ARGS]              ARGS go to app.py; when it crashes it is started again
    python start.py install-service [ARGS]   QTrade with ARGS whenever you log in; remove-service ends that
    python start.py update FILE.zip     that QTrade in the place of this one; update --back: the one before again
    python start.py test [ARGS]         ARGS go to pytest
    python start.py test --long NAME    one of the longer points in tests/long/

Standard library only, and in syntax that Python 3.7 parses: an old Python must get as far as finding a newer one.
"""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
MARKER = os.path.join(VENV, "qtrade-environment.json")
LOCK = os.path.join(ROOT, ".venv.lock")
NODE_LEAST = (20, 19)  # what the linter of assets/ needs
NPM_S = 300
SUPPORTED = ((3, 14), (3, 13), (3, 12), (3, 11))  # newest first
WINDOWS = os.name == "nt"
TAIL_LINES = 20
MEANT = (0, 2, 3)  # app.py's own: ended, refused to start, another one runs
FIRST_PAUSE_S = 1
LONGEST_PAUSE_S = 60
RUNS_S = 10  # from then on it has started well
LASTED_S = 300  # and who runs for so long begins with the shortest pause again
WORKERS = ("-n", "6", "--dist", "loadgroup", "--max-worker-restart", "2", "--durations", "10")
PROBE = (
    "import json, os, struct, sys, sysconfig\n"
    "try:\n"
    "    import ensurepip, venv; can_venv = True\n"
    "except ImportError:\n"
    "    can_venv = False\n"
    "print(json.dumps({'version': sys.version_info[:3], 'bits': struct.calcsize('P') * 8,\n"
    "    'cpython': sys.implementation.name == 'cpython' and not sysconfig.get_config_var('Py_GIL_DISABLED'),\n"
    "    'executable': sys.executable, 'base': getattr(sys, '_base_executable', None) or sys.executable,\n"
    "    'real': os.path.realpath(sys.executable), 'can_venv': can_venv}))\n"
)
CURES = """
What usually helps:
  - no internet or a company proxy: set HTTPS_PROXY, or configure pip (pip config set global.proxy ...)
  - "certificate verify failed": pip config set global.cert PATH_TO_THE_COMPANY_CERTIFICATE
  - "No space left": free about 1.5 GB on this disk
  - "Access is denied" or "being used by another process": close every running QTrade, then try again
  - "No matching distribution": install Python 3.13, 64 bit, from python.org, then try again
Then run the same command again: it starts over by itself."""

NOT_THE_FILE = "DO NOT MATCH THE HASHES"  # pip's words
OTHER_FILE = """
Nothing of it was run. Either the file was changed on its way here (a company proxy or mirror that repacks, an index of
somebody else: `pip config list` names it), or requirements.txt was edited. Unpack QTrade's ZIP anew or take
another network, then run the same command again. Don't install that file by hand."""


class Failed(Exception):
    """The text is for the user; no traceback."""


def say(text):
    print("start.py: " + text, flush=True)


# --- which Python -----------------------------------------------------------------------------------------------


def candidates():
    """Commands that may be a Python, the newest version first."""
    for major, minor in SUPPORTED:
        name = "%d.%d" % (major, minor)
        if WINDOWS and shutil.which("py"):
            yield ["py", "-" + name]
        if shutil.which("python" + name):
            yield ["python" + name]
    yield [sys.executable]
    for name in ("python3", "python"):
        if shutil.which(name):
            yield [name]


def probe(command):
    """What that Python is, or None when it does not run (launchers and shims may be empty)."""
    try:
        done = subprocess.run(command + ["-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
        found = json.loads(done.stdout.decode())
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    found["version"] = tuple(found["version"])
    return found


def supported(found):
    return found["cpython"] and found["bits"] == 64 and found["version"][:2] in SUPPORTED


def find_python():
    """The newest supported Python that can make an environment. Raises Failed with the cure."""
    found = [python for python in map(probe, candidates()) if python]
    usable = sorted((p for p in found if supported(p)), key=lambda p: p["version"], reverse=True)
    for python in usable:
        if python["can_venv"]:
            return python
    if not usable:
        seen = ", ".join(sorted({"%d.%d.%d (%d bit)" % (p["version"] + (p["bits"],)) for p in found}))
        raise Failed(
            "found Python %s; QTrade needs 3.11 to 3.14, 64 bit. Install it from python.org (Windows: tick "
            '"Add python.exe to PATH"), then run this command again.' % (seen or "nowhere")
        )
    return with_venv_package(usable[0])


def with_venv_package(python):
    """Debian keeps ensurepip in a package of its own: install it as root, else say how."""
    if not is_debian():
        raise Failed("%s has no venv and ensurepip; install Python from python.org." % python["executable"])
    if not is_root():
        raise Failed(
            "this Python cannot make environments yet. Run this, then try again:\n\n"
            "    sudo apt-get install python3-venv\n"
        )
    apt_install("python3-venv")
    for command in (["/usr/bin/python3"], [python["executable"]]):
        again = probe(command)
        if again and supported(again) and again["can_venv"]:
            return again
    raise Failed("python3-venv is installed but %s still has no ensurepip." % python["executable"])


# --- Debian -----------------------------------------------------------------------------------------------------


def is_debian():
    return os.path.exists("/etc/debian_version") and shutil.which("apt-get") is not None


def is_root():
    return hasattr(os, "geteuid") and os.geteuid() == 0


def apt_install(*packages):
    say("apt-get install " + " ".join(packages))
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    env["PATH"] = env.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"  # dpkg calls ldconfig
    subprocess.call(["apt-get", "update", "-qq"], env=env, stdin=subprocess.DEVNULL)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"] + list(packages)
    code = subprocess.call(command, env=env, stdin=subprocess.DEVNULL)
    if code != 0:
        raise Failed("apt-get install %s failed (exit %d)." % (" ".join(packages), code))


# --- the environment --------------------------------------------------------------------------------------------


def venv_python():
    return os.path.join(VENV, "Scripts", "python.exe") if WINDOWS else os.path.join(VENV, "bin", "python")


def lock_name(dev):
    """The list of every package and of its files' hashes; that of the tests holds the other one's packages as well."""
    return "requirements-dev.txt" if dev else "requirements.txt"


def fingerprint(dev):
    """SHA-256 of what is to be installed, the same under every line ending."""
    with open(os.path.join(ROOT, lock_name(dev)), "rb") as handle:
        return hashlib.sha256(handle.read().replace(b"\r\n", b"\n")).hexdigest()


def read_marker():
    """What the environment holds: {} when there is none or when it is unreadable."""
    try:
        with open(MARKER, encoding="utf-8") as handle:
            marker = json.load(handle)
        return marker if isinstance(marker, dict) else {}
    except (OSError, ValueError):
        return {}


def write_marker(marker):
    with open(MARKER + ".new", "w", encoding="utf-8") as handle:
        json.dump(marker, handle)
    os.replace(MARKER + ".new", MARKER)


def is_whole(marker):
    """True when the last installation ended well and its Python is still there."""
    return bool(marker.get("complete")) and os.path.exists(marker.get("real", "")) and os.path.exists(venv_python())


def up_to_date(dev):
    marker = read_marker()
    if not is_whole(marker):
        return False
    # The test needs include the run-time ones, so an environment made for tests serves the app as well.
    return marker.get("dev" if dev else "run") == fingerprint(dev)


def ensure_environment(dev):
    if up_to_date(dev):
        return
    with only_one_at_a_time():
        if not up_to_date(dev):  # the other start.py may have done it meanwhile
            build_environment(dev)


def build_environment(dev):
    """Make or update .venv. On failure the old environment is left as it was, or nothing is left."""
    marker = read_marker()
    fresh = not is_whole(marker)
    if fresh:
        marker = make_venv(find_python())
    before, dev = None if fresh else installed(), dev or "dev" in marker
    write_marker(dict(marker, complete=False))
    try:
        say("installing what %s lists into .venv (once; a minute or two)" % lock_name(dev))
        pip_install(dev)
    except BaseException:
        if before is not None and installed() == before:
            write_marker(marker)
        else:
            remove_venv()
        raise
    marker.update(complete=True, run=fingerprint(False))
    if dev:
        marker["dev"] = fingerprint(True)
    write_marker(marker)


def make_venv(python):
    put_aside_or_remove()
    version = "%d.%d.%d" % python["version"]
    say("making .venv with Python %s (%s)" % (version, python["executable"]))
    os.makedirs(VENV)
    marker = {"complete": False, "python": version, "real": python["real"]}
    write_marker(marker)
    code = subprocess.call([python["executable"], "-m", "venv", VENV], stdin=subprocess.DEVNULL)
    if code != 0:
        remove_venv()
        raise Failed("python -m venv failed (exit %d); the lines above say why." % code)
    return marker


def put_aside_or_remove():
    """An environment of ours is removed; one that somebody else made is only moved."""
    if not os.path.exists(VENV):
        return
    if os.path.exists(MARKER) or not os.listdir(VENV):
        remove_venv()
    else:
        aside = VENV + ".old-" + time.strftime("%Y%m%d-%H%M%S")
        os.rename(VENV, aside)
        say("the .venv that was here is not start.py's: moved to " + os.path.basename(aside))


def remove_venv():
    if os.path.isdir(VENV):
        with contextlib.suppress(OSError):
            os.remove(venv_python())  # a half-removed environment must not look like one
        shutil.rmtree(VENV, ignore_errors=True)
    if os.path.isdir(VENV):
        raise Failed(".venv can't be removed: something uses it. Close every running QTrade, delete .venv, try again.")


def installed():
    """Names and versions in .venv as pip sees them; None when pip does not run."""
    try:
        command = [venv_python(), "-m", "pip", "freeze", "--all"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def pip_install(dev):
    """Install with pip as this machine has it configured: the listed files alone, none of which runs code meanwhile.

    Progress goes to the screen, errors there and to `tail`.
    """
    command = [venv_python(), "-m", "pip", "install", "--require-hashes", "--only-binary", ":all:"]
    command += ["-r", os.path.join(ROOT, lock_name(dev))]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT)
    tail = deque(maxlen=TAIL_LINES)
    reader = threading.Thread(target=echo, args=(process.stderr, tail))
    reader.start()
    try:
        code = process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        reader.join()
        process.stderr.close()
    if code != 0:
        shown = "".join("    " + line for line in tail)
        if any(NOT_THE_FILE in line for line in tail):
            raise Failed(
                "a package is another file than the one that QTrade is tested with, and was not installed:\n%s%s"
                % (shown, OTHER_FILE)
            )
        raise Failed("pip could not install what QTrade needs (exit %d). Its last lines:\n%s%s" % (code, shown, CURES))


def echo(stream, tail):
    for raw in stream:
        line = raw.decode("utf-8", "replace")
        tail.append(line)
        sys.stderr.write(line)
        sys.stderr.flush()


@contextlib.contextmanager
def only_one_at_a_time():
    """A second start.py waits here: two installations into one folder would break both."""
    with open(LOCK, "a+") as handle:
        while not try_lock(handle):
            say("another start.py is installing here; waiting for it")
            time.sleep(2)
        yield


def try_lock(handle):
    try:
        if WINDOWS:
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True  # released when the file is closed, also when this process is killed


# --- a browser for the tests ------------------------------------------------------------------------------------


def find_browser():
    """Path of an installed Chrome, Edge or Chromium; None without one. QTRADE_BROWSER overrides."""
    chosen = os.environ.get("QTRADE_BROWSER")
    if chosen:
        return chosen
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
    paths = [shutil.which(name) for name in names]
    for folder in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        for tail in (
            r"Google\Chrome\Application\chrome.exe",
            r"Microsoft\Edge\Application\msedge.exe",
            r"Chromium\Application\chrome.exe",
        ):
            paths.append(os.path.join(os.environ.get(folder, ""), tail) if WINDOWS else None)
    return next((path for path in paths if path and os.path.exists(path)), None)


def ensure_browser():
    """As find_browser, but installs Chromium where that is ours to do. Raises Failed without one."""
    found = find_browser()
    if not found and is_debian() and is_root():
        apt_install("chromium", "chromium-driver")
        found = find_browser()
    if not found:
        hint = " (sudo apt-get install chromium chromium-driver)" if is_debian() else ""
        raise Failed("the tests need Chrome, Edge or Chromium and found none. Install one%s, then try again." % hint)
    return found


# --- the tools that check the browser's code: development only ---------------------------------------------------


class NoNode(Exception):
    """Why assets/ can't be checked here, in words. Never a failure: those tests are skipped."""


def node():
    """Path of a node that is new enough, else NoNode."""
    found = shutil.which("node")
    if not found:
        raise NoNode("node is not installed")
    try:
        command = [found, "--version"]
        said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60).stdout
        version = tuple(int(part) for part in said.decode("ascii").strip().lstrip("v").split(".")[:2])
    except (OSError, ValueError, subprocess.SubprocessError):
        raise NoNode("%s does not say its version" % found) from None
    if version < NODE_LEAST:
        raise NoNode("node %d.%d is here, %d.%d is needed" % (version + NODE_LEAST))
    return found


def node_marker():
    return os.path.join(ROOT, "node_modules", ".qtrade-lock")


def lock_hash():
    with open(os.path.join(ROOT, "package-lock.json"), "rb") as handle:
        return hashlib.sha256(handle.read().replace(b"\r\n", b"\n")).hexdigest()


def has_node_modules():
    """Whether node_modules holds what package-lock.json lists."""
    try:
        with open(node_marker(), encoding="ascii") as handle:
            return handle.read() == lock_hash()
    except (OSError, ValueError):
        return False


def node_tools():
    """As node(), with linter, type checker and axe beside it; what lacks is a NoNode that says how to get it."""
    found = node()
    if not has_node_modules():
        raise NoNode("node_modules is not what package-lock.json lists; `python start.py test` installs it")
    return found


def ensure_node_modules():
    """Install what package-lock.json lists where node is; where that can't be, say what is skipped and go on."""
    try:
        node()
        if not has_node_modules():
            with only_one_at_a_time():
                if not has_node_modules():
                    npm_ci()
    except NoNode as lack:
        say("%s: linter, types, node's own tests and axe are skipped" % lack)


def npm_ci():
    npm = shutil.which("npm")
    if not npm:
        raise NoNode("npm is not installed")
    say("installing what package-lock.json lists into node_modules (once; development only)")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=60000"]
    try:
        code = subprocess.call(command, cwd=ROOT, stdin=subprocess.DEVNULL, timeout=NPM_S)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise NoNode("npm ci did not end: %s" % problem) from None
    if code != 0:
        raise NoNode("npm ci failed (exit %d); the lines above say why" % code)
    with open(node_marker(), "w", encoding="ascii") as handle:
        handle.write(lock_hash())


# --- handing over -----------------------------------------------------------------------------------------------


def hand_over(arguments):
    """Become the Python of .venv. On Windows, where that is not possible, wait for it and return its exit code."""
    command = [venv_python()] + arguments
    if not WINDOWS:
        sys.stdout.flush()
        os.execv(command[0], command)
    process = subprocess.Popen(command)
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # the child gets Ctrl+C as well and ends by itself
            return process.wait()


# --- the program, started again when it crashes -----------------------------------------------------------------


def run_app(arguments):
    refuse_half_a_program()
    ensure_environment(dev=False)
    return keep_running([venv_python(), os.path.join(ROOT, "app.py")] + arguments)


def keep_running(command):
    """Run the program until it ends as it was meant to; its exit code. One that crashes is started again, later each
    time that it does not last. What fails in its first seconds, before it ever ran, is no crash but a mistake."""
    asked, pause_s, lasted, why = [], 0, False, ""
    while True:
        began = time.monotonic()
        code = run_once(command, why, asked)
        ran_s = time.monotonic() - began
        lasted = lasted or ran_s >= RUNS_S
        if asked or code in MEANT or (code > 0 and not lasted):
            return code if code >= 0 else 128 - code
        pause_s = FIRST_PAUSE_S if ran_s >= LASTED_S else min(max(2 * pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        why = "The program ended by itself (%s)" % ending_words(code)
        say("%s; it is started again in %g s. Ctrl+C ends it." % (why, pause_s))
        if not wait_s(pause_s, asked):
            return 130


def ending_words(code):
    if code < 0:
        return "killed by signal %d" % -code
    return "exit code %d" % code if code < 256 else "exit code 0x%08X" % code


def run_once(command, why, asked):
    """One run of the program. What asks this process to end is handed on to it, and noted in `asked`."""
    sys.stdout.flush()
    env = dict(os.environ, QTRADE_RESTARTED_AFTER=why) if why else None
    if WINDOWS:  # the console tells both of Ctrl+C and of its end
        process = subprocess.Popen(command, env=env)
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                asked.append(signal.SIGINT)
    ours, children = os.getpid(), []

    def hand_on(number, _frame):
        asked.append(number)
        for child in children:
            child.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, hand_on)
    # A session of its own: a Ctrl+C of the terminal reaches it once, through us.
    child = subprocess.Popen(command, env=env, start_new_session=True, preexec_fn=lambda: end_with(ours))
    children.append(child)
    if asked:  # between the handlers and now
        child.send_signal(asked[-1])
    return child.wait()


def end_with(parent):
    """In the new process, on Linux: it ends when we are killed, as if we were it."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            import ctypes

            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)


def wait_s(seconds, asked):
    """False as soon as somebody asks to end."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if asked:
            return False
        try:
            time.sleep(0.1)
        except KeyboardInterrupt:
            return False
    return not asked


BESIDE = {"install-service": "service", "remove-service": "service", "update": "update"}
CUT_OFF = os.path.join(ROOT, ".update.json")


def run_beside(arguments):
    """A command that is not run in .venv, which may be moved meanwhile."""
    if arguments[0] != "update":
        refuse_half_a_program()
    # What an update that was cut off has left half-way is found where it put it.
    path = os.pathsep.join([ROOT, os.path.join(ROOT, ".previous.old")])
    env = dict(os.environ, PYTHONPATH=path, PYTHONDONTWRITEBYTECODE="1")
    command = [find_python()["base"], "-m", "app.launch." + BESIDE[arguments[0]], ROOT]
    return subprocess.call(command + arguments, env=env)


def refuse_half_a_program():
    if os.path.exists(CUT_OFF):
        raise Failed("an update was cut off. Run: python start.py update --back")


def run_tests(arguments):
    ensure_environment(dev=True)
    ensure_node_modules()
    os.chdir(ROOT)
    if "--long" in arguments:
        arguments.remove("--long")
        browser, module = find_browser(), ["-m", "tests.long"]
    else:
        # All tests: six at a time, because many of them wait for something; some: as the caller says.
        browser, module = ensure_browser(), ["-m", "pytest"] + ([] if arguments else list(WORKERS))
    if browser:
        os.environ["QTRADE_BROWSER"] = browser
    # Tests start a hundred programs: without bytecode each would compile every module anew, which takes longer than all
    # that it does then, and each of the workers would rewrite all tests.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    return hand_over(module + arguments)


def main(arguments):
    try:
        if arguments[:1] == ["test"]:
            return run_tests(arguments[1:])
        if arguments and arguments[0] in BESIDE:
            return run_beside(arguments)
        return run_app(arguments)
    except Failed as error:
        print("\nstart.py: %s" % error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstart.py: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
