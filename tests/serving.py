"""The application as run.py serves it, and people who visit it over HTTP: for whatever is tried or measured on the whole."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import run
from tests.processes import children_of

PASSWORD = "Xiezuo-2022"  # the demonstration's (rongshan/demo.py)
FORM = "application/x-www-form-urlencoded"
ENDS_WITHIN = 15.0  # seconds


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment_of(data: Path) -> dict[str, str]:
    """The environment of a site whose data lives in `data`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RONGSHAN_")}
    environment.pop("DATABASE_URL", None)
    environment.pop("DJANGO_SETTINGS_MODULE", None)  # the tests' own: a site runs the real settings
    environment["RONGSHAN_DATA_DIR"] = str(data)
    return environment


@contextlib.contextmanager
def web_server(
    environment: Mapping[str, str], *options: str, log: Path | None = None
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """gunicorn with run.py's own command, and `options` behind it, once it serves: port and process. In the end all its
    processes end, in good order or killed. Raises run.Stop if it does not start; what it says goes into `log`."""
    port = free_port()
    with log.open("ab") if log else contextlib.nullcontext() as out:
        server = subprocess.Popen(
            [*run.gunicorn(port), *options], cwd=run.ROOT, env=environment, stdout=out, stderr=out
        )
    try:
        run.wait_until_serving(port, server)
        yield port, server
    finally:
        workers = children_of(server.pid)
        server.terminate()
        try:
            server.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            for pid in (server.pid, *workers):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            server.wait()


class Answer(NamedTuple):
    """What the server answered."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def location(self) -> str:
        """Where it sends one."""
        return self.headers.get("Location", "")


class Visitor:
    """Somebody logged in by the form. Each request has a connection of its own: the server ends one that waits too long."""

    def __init__(self, port: int, username: str, *, patience: float = 120) -> None:
        self.port, self.username, self.patience = port, username, patience
        self.cookies: dict[str, str] = {}
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get("/login/").text)
        assert token is not None, "no form to log in by"
        form = {"username": username, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        status = self.ask("POST", "/login/", urlencode(form).encode()).status
        assert status == 302, f"{username} could not log in: {status}"

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.ask("GET", path, headers=headers)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        media: str = FORM,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Raises OSError or http.client.HTTPException without an answer; an error page is an answer."""
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        sent |= ({"Content-Type": media} if body else {}) | dict(headers or {})
        with contextlib.closing(HTTPConnection("127.0.0.1", self.port, timeout=self.patience)) as connection:
            connection.request(method, path, body or None, sent)
            answer = connection.getresponse()
            content = answer.read()
        for name, value in answer.getheaders():
            if name == "Set-Cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return Answer(answer.status, answer.headers, content)
