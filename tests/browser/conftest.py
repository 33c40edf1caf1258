"""A real server on a fresh demo, a real browser (Debian's chromium), and no way out to another host."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, expect

from rongshan import demo
from tests.serving import environment_of, free_port, web_server

ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = Path("/usr/bin/chromium-headless-shell")  # a quarter of the work of the one with windows

expect.set_options(timeout=20_000)  # milliseconds; two cores are shared with other tests


@dataclass(frozen=True)
class Site:
    """The running demo. Its data lives in `data`, made for this run; nobody else's is touched."""

    url: str
    data: Path
    environment: dict[str, str]

    def manage(self, *arguments: str) -> str:
        """What manage.py prints on the site's own database; fails the test when it fails."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"manage.py {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@contextmanager
def started(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """run.py on its own data folder, once it says where it serves; ended at the end if it has not ended."""
    port = free_port()
    environment = {**environment_of(data), "PORT": str(port)}
    command = [sys.executable, "-u", str(ROOT / "run.py")]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        assert running.stdout is not None
        said = ""
        for line in running.stdout:
            said += line
            if f"http://127.0.0.1:{port}/" in line:
                break
        else:
            pytest.fail(f"run.py ended with {running.wait()}\n{said}")
        try:
            yield running, f"http://127.0.0.1:{port}"
        finally:
            if running.poll() is None:
                running.terminate()


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A data folder as the first `python3 run.py` leaves it, the demo's people and entries over SQLite: made once for all
    tests, whatever processes of pytest-xdist they run in."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    data, made = shared / "demo-data", shared / "demo-made"
    with (shared / "demo-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            with started(data):
                pass
            made.touch()
    return data


@pytest.fixture(scope="module")
def site(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """gunicorn on a free port over a copy of the demo: what one module files, no other has to pay for."""
    data = tmp_path_factory.mktemp("site")
    shutil.copytree(demo_data, data, dirs_exist_ok=True)
    environment = environment_of(data)
    # a second process would read all templates again; tests/browser/test_start.py has two
    with web_server(environment, "--workers=1", log=data / "server.log") as (port, _):
        yield Site(f"http://127.0.0.1:{port}", data, environment)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's chromium without windows, kept from calling home."""
    if not CHROMIUM.exists():
        pytest.fail(
            f"{CHROMIUM} is missing: apt-get install chromium-headless-shell fonts-noto-cjk", pytrace=False
        )
    return {
        "executable_path": str(CHROMIUM),
        "headless": True,
        "env": {
            **os.environ,
            "LANGUAGE": "zh_CN",
        },  # its own words, and the order of a date, as in an office there
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--disable-quic",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ],
    }


@pytest.fixture(scope="module")
def browser_context_args(site: Site) -> dict[str, Any]:
    return {
        "base_url": site.url,
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "viewport": {"width": 1280, "height": 900},
        "reduced_motion": "reduce",  # nothing that slides has to be waited for
    }


@pytest.fixture(autouse=True)
def complaints(context: BrowserContext, site: Site) -> Iterator[list[str]]:
    """What went wrong behind the page: requests to other hosts (which it finds none of), errors in the console, exceptions
    in scripts. A test fails at its end when there are any; one that provokes them clears the list.

    The console line that Chromium writes when a page itself answers 4xx is no complaint: tests of refusals
    look at the page.
    """
    found: list[str] = []
    host = urlsplit(site.url).netloc
    pages: set[str] = set()

    def asked(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https") and address.netloc != host:
            found.append(f"request to another host: {request.url}")
        elif request.is_navigation_request():
            pages.add(request.url)

    def console(message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        if message.text.startswith("Failed to load resource") and message.location.get("url") in pages:
            return
        found.append(f"console: {message.text} ({message.location.get('url')})")

    def watch(page: Page) -> None:
        page.on("console", console)
        page.on("pageerror", lambda error: found.append(f"script: {error}"))

    context.on("request", asked)  # not a route, which would take the browser's cache away
    context.on("page", watch)
    yield found
    assert found == []


@pytest.fixture(scope="module")
def sessions() -> dict[str, list[Any]]:
    """The cookies of whoever has logged in to the module's site."""
    return {}


@pytest.fixture
def log_in(site: Site, sessions: dict[str, list[Any]]) -> Callable[[Page, str], None]:
    """Logs one of the demo's people in: through the log-in page, or with their session if it still holds, because a
    password takes a quarter of a second on purpose."""

    def act(page: Page, username: str) -> None:
        if username in sessions:
            page.context.add_cookies(sessions[username])
            page.goto("/")
            if page.locator(".user-menu").count():
                return
            page.context.clear_cookies()
        page.goto("/login/")
        page.get_by_label("用户名").fill(username)
        page.get_by_label("密码").fill(demo.PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.locator(".user-menu")).to_be_attached()
        sessions[username] = page.context.cookies()

    return act


@pytest.fixture(params=[1280, 390], ids=["desk", "phone"])
def screen(request: pytest.FixtureRequest, page: Page) -> Page:
    """The page at both widths that we promise: a test that takes it runs twice."""
    page.set_viewport_size({"width": request.param, "height": 900})
    return page
