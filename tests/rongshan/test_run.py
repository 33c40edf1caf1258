"""run.py: the parts that can be tried without the network."""

import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import pytest
from django.conf import settings

import run

VENDOR = Path(settings.BASE_DIR) / "static" / "vendor"


def test_images_inside_bootstrap_become_files_because_the_policy_refuses_data_addresses(
    tmp_path: Path,
) -> None:
    source = tmp_path / "source.css"
    source.write_text(
        "a{background:url(\"data:image/svg+xml,%3csvg xmlns='http://www.w3.org/2000/svg'/%3e\")}"
        "@font-face{src:url(fonts/x.woff2?e34853135f9e)}\n/*# sourceMappingURL=source.css.map */"
    )
    run.copy_vendor_file(source, tmp_path / "out" / "source.css")
    images = list((tmp_path / "out" / "images").iterdir())
    assert [image.read_text() for image in images] == ["<svg xmlns='http://www.w3.org/2000/svg'/>"]
    assert (tmp_path / "out" / "source.css").read_text() == (
        f'a{{background:url("images/{images[0].name}")}}@font-face{{src:url(fonts/x.woff2)}}'
    )


def test_a_data_address_that_cannot_be_moved_stops_the_set_up(tmp_path: Path) -> None:
    source = tmp_path / "source.css"
    source.write_text("a{background:url(data:image/png;base64,AAAA)}")
    with pytest.raises(run.Stop, match=r"source\.css"):
        run.copy_vendor_file(source, tmp_path / "out.css")


def test_only_the_listed_third_party_files_reach_the_browser() -> None:
    there = {str(file.relative_to(VENDOR)) for file in VENDOR.rglob("*") if file.is_file()}
    images = {name for name in there if name.startswith("images/")}
    assert there - images == {*run.VENDOR_FILES.values(), "fetched"}
    assert all(name.endswith(".svg") for name in images)


def test_a_set_up_that_was_done_is_not_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        pytest.fail("a second start must not install or download anything")

    monkeypatch.setattr(subprocess, "run", never)
    run.install("dev")
    run.fetch_vendor_files()


def test_without_the_network_the_message_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1)

    monkeypatch.setattr(run, "VENV", tmp_path / "venv")
    monkeypatch.setattr(run, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(run, "in_use", lambda port: False)
    monkeypatch.setattr(subprocess, "run", refused)
    assert run.main([]) == 1
    message = capsys.readouterr().err
    assert "首次安装需要联网" in message
    assert "needs the network" in message


def test_a_port_in_use_is_told_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        assert run.main([]) == 1
    assert f"端口 {port} 已被占用" in capsys.readouterr().err


def test_a_failed_step_does_not_stop_the_later_ones_and_fails_the_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[str] = []

    def step(name: str, passes: bool) -> tuple[str, run.Step]:
        def act() -> run.Answer:
            done.append(name)
            return passes, f"{name} said so"

        return name, act

    for name in ("RONGSHAN_DATA_DIR", "DATABASE_URL", "RONGSHAN_PRODUCTION"):
        monkeypatch.setenv(name, "")  # test() changes them: let monkeypatch put them back
    monkeypatch.setattr(run, "install", lambda lock: None)
    monkeypatch.setattr(run, "fetch_vendor_files", lambda: None)
    monkeypatch.setattr(run, "install_apt_packages", lambda: (True, ""))
    monkeypatch.setattr(run, "checks", lambda arguments, processes: [step("one", False), step("two", True)])
    monkeypatch.setattr(run, "slow_checks", lambda arguments, packages: [step("three", True)])
    assert run.main(["test"]) == 1
    assert sorted(done) == ["one", "three", "two"]
    said = capsys.readouterr().out
    assert said.endswith("\n2 passed, 1 failed\n")
    assert "one said so" in said


def test_the_long_steps_come_last_the_longest_first_and_two_run_at_once() -> None:
    began: list[str] = []
    both = threading.Barrier(2, timeout=30)

    def long(name: str) -> run.Step:
        def act() -> run.Answer:
            began.append(name)
            both.wait()  # nobody goes on before the other has begun
            return True, ""

        return act

    def short(name: str) -> run.Step:
        def act() -> run.Answer:
            began.append(name)
            return True, ""

        return act

    steps = [(run.LONG[1], long("b")), ("mypy", short("d")), ("short", short("short")),
             ("tests on PostgreSQL", long("a")), (run.LONG[2], short("c"))]  # fmt: skip
    results = run.side_by_side(steps)
    assert [(name, passed) for name, passed, _ in results] == [(name, True) for name, _ in steps]
    assert sorted(began[:3]) == ["a", "b", "short"]
    assert sorted(began[3:]) == ["c", "d"]


def test_after_ctrl_c_nothing_more_begins() -> None:
    began: list[str] = []
    go_on = threading.Event()

    def stopped() -> run.Answer:
        threading.Timer(0.3, go_on.set).start()
        raise KeyboardInterrupt

    def busy() -> run.Answer:
        go_on.wait(30)
        return True, ""

    def later() -> run.Answer:
        began.append("later")
        return True, ""

    with pytest.raises(KeyboardInterrupt):
        run.side_by_side(
            [
                ("one", stopped),
                ("two", busy),
                *((f"more {n}", slow(later)) for n in range(4)),
            ]
        )
    assert len(began) <= 1  # the one that took the place of the first at that very moment


def slow(step: run.Step) -> run.Step:
    def act() -> run.Answer:
        time.sleep(0.5)
        return step()

    return act


def test_what_needs_debians_packages_waits_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    packages: Future[run.Answer] = Future()
    names = [name for name, _ in run.slow_checks([], packages)]
    step = run.after(packages, lambda: (True, str(packages.result())))
    threading.Timer(0.2, packages.set_result, [(False, "no network")]).start()
    assert step() == (True, "(False, 'no network')")
    assert dict(run.slow_checks([], packages))["Debian packages for what follows"]() == (False, "no network")
    assert set(run.LONG) <= {*names, *(name for name, _ in run.checks([], fast=False))}


def test_what_a_step_prints_is_kept_with_its_answer() -> None:
    program = "import sys; print('到', flush=True); print('err', file=sys.stderr); sys.exit(3)"
    assert run.command([sys.executable, "-c", program])() == (False, "到\nerr\n")


def test_missing_packages_are_named_and_fail_where_we_may_not_install_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "APT_PACKAGES", {"/no/such/file": "chromium"})
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    passed, said = run.install_apt_packages()
    assert not passed
    assert "chromium" in said
