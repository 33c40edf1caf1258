"""Files made to break the reader: through the page, each ends in a polite refusal, and the server lives."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from directory.files import pending
from ledger.models import Batch
from tests.ledger.world import World
from tests.workbooks.conftest import Browse
from tests.workbooks.files import by_hand, cell, hostile, roster
from workbooks import reading, storage
from workbooks.reading import UnreadableFile, read

FILES = [
    "corner cells", "zip bomb", "zip bomb that lies", "a million shared strings", "declared strings", "entity bomb",
    "external entity", "a picture", "encrypted", "cut off", "not a number", "infinite", "twenty thousand columns",
    "paths", "two parts of one name",
]  # fmt: skip


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    made = hostile()
    assert sorted(made) == sorted(FILES)
    return made


@pytest.mark.alike
@pytest.mark.parametrize("what", FILES)
def test_a_hostile_file_gets_a_polite_refusal_through_the_page(
    browse: Browse, world: World, files: dict[str, bytes], what: str
) -> None:
    client = browse("徐庄")
    began = time.monotonic()
    answer = client.post(
        "/workbooks/upload/",
        {
            "organization": world.units["徐庄镇"].code,
            "period": "2022Q2",
            "register": "",
            "file": SimpleUploadedFile("学员.xlsx", files[what]),
        },
    )
    took = time.monotonic() - began
    page = answer.content.decode()
    if answer.status_code == 302:  # readable, and found to hold nothing of ours
        answer = client.get(answer["Location"], follow=True)
        page = answer.content.decode()
        assert "没有找到" in page, what
    else:
        assert answer.status_code == 422, what
        assert "没有读取，请修改后再上传" in page
    assert took < 25, f"{what}: {took:.1f} s"
    assert client.get("/workbooks/").status_code == 200  # the web lives
    assert not Batch.objects.unscoped("测试").exists()


def test_the_reader_that_dies_is_a_refusal_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    popen = subprocess.Popen

    def dying(command: list[str], **more: Any) -> Any:
        return popen([command[0], "-c", "import os; os.abort()"], **more)

    monkeypatch.setattr(subprocess, "Popen", dying)
    with pytest.raises(UnreadableFile, match="无法安全读取"):
        read(roster([]))


def test_the_reader_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    popen = subprocess.Popen
    started: list[int] = []

    def endless(command: list[str], **more: Any) -> Any:
        process = popen([command[0], "-c", "import time; time.sleep(600)"], **more)
        started.append(process.pid)
        return process

    monkeypatch.setattr(subprocess, "Popen", endless)
    monkeypatch.setattr(reading, "WALL_SECONDS", 0.5)
    with pytest.raises(UnreadableFile, match="时间过长"):
        read(roster([]))
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)


def test_the_corner_cells_kill_calamine_itself_but_only_in_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without our own look at the XML: the process that reads dies, the one that asked lives."""
    script = (
        "import sys, io; sys.argv=['x']; from workbooks import child; child.limit_this_process();"
        "data = sys.stdin.buffer.read();"
        "child._values(data, None)"
    )
    data = by_hand(cell("A1", "1") + cell("XFD1048576", "1"))
    done = subprocess.run(
        [sys.executable, "-c", script], input=data, cwd=reading.ROOT, capture_output=True, check=False
    )
    assert done.returncode != 0
    with pytest.raises(UnreadableFile):
        read(data)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("台账.et", b"\xd0\xcf\x11\xe0", "另存为 .xlsx"),
        ("台账.xlsx", b"", "空文件"),
        ("网页.xls", "<html><table><tr><td>姓名</td></tr></table>".encode(), "网页"),
        ("文件.pdf", b"%PDF-1.4 , , ,", "不是 Excel"),
        ("台账.docx", b"PK\x03\x04" + b"\0" * 100, "损坏"),
        ("文字.txt", "只有一句话".encode(), "不是表格"),
    ],
)
def test_what_is_no_workbook_is_told_by_its_content(name: str, data: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        read(data, name)


def test_a_waiting_file_is_encrypted_and_its_token_is_no_path() -> None:
    token = storage.put_pending(b"secret" * 100)
    (file,) = list(pending().iterdir())
    assert b"secret" not in file.read_bytes()
    assert storage.get_pending(token) == b"secret" * 100
    for wrong in ("../" + token, "0" * 32, ""):
        with pytest.raises(storage.NoSuchFile):
            storage.get_pending(wrong)
