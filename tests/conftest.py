"""What every test stands on. Fixtures of one app live in that app's folder."""

import gc
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase, override_settings
from zeal.constants import initialize_app_registry
from zeal.patch import patch as watch_for_n_plus_one

from audit.triggers import lifted
from tests.kept import Ground, wanted


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--of-this-engine",
        action="store_true",
        help="leave out the tests that use no database, and those marked `alike`: the run on the other engine has them",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--of-this-engine"):
        config.hook.pytest_deselected(items=[item for item in items if not engine_matters(item)])
        items[:] = [item for item in items if engine_matters(item)]


def engine_matters(item: Any) -> bool:
    """Whether the test uses the database, or its module asks which one it is; and is no long walk that both would answer
    alike, unless ALIKE=all asks for those too."""
    if item.get_closest_marker("alike") and os.environ.get("ALIKE") != "all":
        return False
    uses = item.get_closest_marker("django_db") or {"db", "transactional_db"} & set(item.fixturenames)
    return bool(uses) or any(one in (connection, connections) for one in vars(item.module).values())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where `-k` leaves nothing to run, nothing has failed: the tests of that name are another step's."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.option.keyword:
        session.exitstatus = pytest.ExitCode.OK


def pytest_collection_finish() -> None:
    """Modules and tests stay to the end: not looked through again and again for what nobody holds (a twelfth of the time)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


@pytest.fixture(scope="session")
def django_db_use_migrations(request: pytest.FixtureRequest) -> bool:
    """`--no-migrations` does with Django's own setting what pytest-django does by taking all migrations away for good:
    tests that migrate find them (`django_db_setup`)."""
    if request.config.getoption("nomigrations"):
        connection.settings_dict["TEST"]["MIGRATE"] = False
    return True


@pytest.fixture(scope="session")
def django_db_setup(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> None:
    """Tables that were made from the models, a tenth of the time, are recorded as migrated."""
    if request.config.getoption("nomigrations"):
        with django_db_blocker.unblock():
            call_command("migrate", fake=True, verbosity=0)


@pytest.fixture(scope="session", autouse=True)
def test_settings() -> Iterator[None]:
    """What is other than in the demo: fast hashes, static files without a manifest, work done at once, and a
    middleware that fails a page that asks the database the same thing in a loop (N + 1)."""
    Path(django_settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # else whitenoise warns
    initialize_app_registry()
    watch_for_n_plus_one()
    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        STORAGES={
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
        TASKS={"default": {"BACKEND": "tests.queue.AtOnce"}},
        MIDDLEWARE=["tests.zeal_reads.watch_reads", *django_settings.MIDDLEWARE],
    ):
        yield


@pytest.fixture(scope="session", autouse=True)
def flush_past_triggers() -> Iterator[None]:
    """A test that commits is followed by a flush, which append-only tables refuse: ours lifts that, and empties only what
    has rows. Django's own empties a hundred tables and then writes their content types and permissions again."""

    def flush(case: TransactionTestCase) -> None:
        for one in connections.all():
            empty_tables(one)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", flush)
        yield


KEPT_BY_A_FLUSH = {"django_content_type", "auth_permission"}


def empty_tables(connection: BaseDatabaseWrapper) -> None:
    """As `flush` leaves it: no row in any table, but what `migrate` writes."""
    tables = set(connection.introspection.django_table_names(only_existing=True)) - KEPT_BY_A_FLUSH
    quoted = [connection.ops.quote_name(table) for table in sorted(tables)]
    with lifted(connection), transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(f"SELECT '{one}' WHERE EXISTS (SELECT 1 FROM {one})" for one in quoted)
        )
        for (one,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {one}")


@pytest.fixture(autouse=True)
def evidence_folder(settings: Any, tmp_path: Path) -> Path:
    """Files that a test stores go away with it."""
    folder = tmp_path / "evidence"
    settings.EVIDENCE_ROOT = folder
    return folder


@pytest.fixture(scope="session")
def ground(django_db_setup: None, django_db_blocker: Any) -> Iterator[Ground]:
    """What tests begin with that follow one another (tests/kept.py)."""
    made = Ground()
    yield made
    with django_db_blocker.unblock():
        made.lift()


@pytest.fixture
def begun(
    request: pytest.FixtureRequest, ground: Ground, django_db_blocker: Any, evidence_folder: Path
) -> Mapping[str, Any]:
    """What the test begins with, by the fixture's name."""
    if "today" in request.fixturenames:
        request.getfixturevalue("today")
    with django_db_blocker.unblock():
        ground.lay(wanted(request.node))
    ground.copy_files(evidence_folder)
    return ground.made()


@pytest.fixture
def _django_db_helper(begun: Mapping[str, Any], _django_db_helper: None) -> None:
    """pytest-django's own, which begins the test's transaction: not before what is kept lies below it."""


@pytest.fixture
def log_text(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """What the real log would hold: each record through the handler's own formatter, tracebacks included."""
    from rongshan.logs import NoDataFormatter

    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            record.exc_text = None  # another handler may have formatted the traceback its own way
            lines.append(self.format(record))
            record.exc_text = None

    keep = Keep()
    keep.setFormatter(NoDataFormatter())
    loggers = [logging.getLogger(), logging.getLogger("django")]
    for logger in loggers:
        logger.addHandler(keep)
    yield lines
    for logger in loggers:
        logger.removeHandler(keep)
