"""An uploaded file becomes sheets of plain cells; the parsing itself happens in the limited process of child.py."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from directory.identity import hide_numbers
from ledger.refusals import Refusal
from workbooks.child import address

__all__ = ["Sheet", "UnreadableFile", "address", "cells_of", "marked", "read", "sheets_of"]

LARGEST = 20 * 1024 * 1024  # bytes; a quarter of one county is far below one MB
WALL_SECONDS = 45.0  # 100,000 rows take seven seconds of a quiet machine, 17 of one with other things to do
ROOT = Path(__file__).resolve().parent.parent


class UnreadableFile(Refusal):
    """The file is refused as a whole; the message says what to do."""


@dataclass(frozen=True)
class Sheet:
    """One sheet. `rows` are (row number, cells) of those that hold anything, cells as child.py answers them;
    `merges` are (top, left, bottom, right), from 1, ends included."""

    name: str
    hidden: bool = False
    rows: list[tuple[int, list[Any]]] = field(default_factory=list)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: frozenset[int] = frozenset()
    date1904: bool = False


def read(data: bytes, name: str = "") -> list[Sheet]:
    """The sheets of a file. Raises what `cells_of` does."""
    return sheets_of(cells_of(data, name))


def cells_of(data: bytes, name: str = "") -> bytes:
    """What the limited process answers of a file, for `sheets_of`; to be kept where the file is read again. `name` is only
    looked at for .et, which must be saved as .xlsx first.

    Raises UnreadableFile for everything that cannot be read, that is too large, or whose reader died or was stopped.
    """
    if not data:
        raise UnreadableFile("这是空文件，请重新选择。")
    if len(data) > LARGEST:
        raise UnreadableFile(f"文件超过 {LARGEST // 1024 // 1024} MB，请分成几个文件上传。")
    if name.casefold().endswith((".et", ".ett", ".xlsb", ".ods", ".numbers")):
        raise UnreadableFile(
            f"不能读取 {Path(name).suffix} 文件，请用 WPS 或 Excel 打开后另存为 .xlsx 再上传。"
        )
    answer = _run(data)
    if answer.startswith(b'{"refused"'):
        raise UnreadableFile(json.loads(answer)["refused"])
    return answer


def sheets_of(cells: bytes) -> list[Sheet]:
    """The sheets of a file that was read."""
    return [
        Sheet(
            name=hide_numbers(sheet["name"]),  # entries keep it as their origin
            hidden=sheet["hidden"],
            rows=[(number, cells) for number, cells in sheet["rows"]],
            merges=[(top, left, bottom, right) for top, left, bottom, right in sheet["merges"]],
            hidden_rows=frozenset(sheet["hidden_rows"]),
            date1904=sheet["date1904"],
        )
        for sheet in json.loads(cells)["sheets"]
    ]


def marked(data: bytes, problems: Sequence[Mapping[str, str]], headers: Mapping[str, int]) -> bytes:
    """The file with `problems` marked in it, an .xlsx (marking.py); `headers`: sheet → row of its header. Raises
    UnreadableFile."""
    asked = json.dumps({"problems": list(problems), "headers": dict(headers)}).encode()
    return _run(asked + b"\n" + data, "mark")


def _run(data: bytes, *arguments: str) -> bytes:
    # no key, password or database address is within reach of the process that opens a stranger's file
    environment = {"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
    process = subprocess.Popen(  # noqa: S603  our own module, with words of our own
        [sys.executable, "-m", "workbooks.child", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback could quote a cell
        cwd=ROOT,
        env=environment,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(data, timeout=WALL_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise UnreadableFile(
            "读取这个文件花的时间过长，已停止。请把数据复制到新表格（或下载模板）后再上传，或分成几个文件。"
        ) from None
    if process.returncode == -signal.SIGXCPU:
        raise UnreadableFile(
            "读取这个文件花的时间过长，已停止。请把数据复制到新表格后再上传，或分成几个文件。"
        )
    if process.returncode != 0:
        raise UnreadableFile(
            "这个文件无法安全读取（内容异常或过大）。请把数据复制到新表格（或下载模板）后再上传。"
        )
    return output
