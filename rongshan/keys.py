"""The keys that must never be in the database: given by the environment, or (demo only) kept in files.

Losing a field key makes identity numbers and phones unreadable for ever: back the keys up, apart from the
database.
"""

import os
from collections.abc import Callable
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def key(name: str, *, folder: Path, production: bool, make: Callable[[], str]) -> str:
    """The key named by the environment variable `name`; in the demo, the one in `folder`, made when missing.

    Raises ImproperlyConfigured in production when the variable is not set: a key that appears by itself
    there would lock everybody out of the old data at the next start.
    """
    given = os.environ.get(name, "").strip()
    if given:
        return given
    if production:
        raise ImproperlyConfigured(
            f"生产环境必须设置环境变量 {name}，系统未启动。"
            f" / {name} must be set when RONGSHAN_PRODUCTION=1; see README.md."
        )
    return _kept(folder / name.removeprefix("RONGSHAN_").lower(), make)


def _kept(path: Path, make: Callable[[], str]) -> str:
    """What `path` holds; written there first, readable by its owner only, when it does not exist."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make() + "\n")
        try:
            # link() never overwrites: of two processes starting at once, both end with the same key.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
