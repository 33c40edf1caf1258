"""Thousands of hostile files through the real upload page of a real server.

    .venv/bin/python -m tests.workbooks.attack --files 2000 [--seed N]

A demo is made and served as run.py serves it. A clerk uploads file after file: good sheets broken at random (bytes of
the file, of its XML, cut off), attributes that lie, numbers that are none, bombs, CSVs and .xls of garbage. Each must end in a
preview or a polite refusal within 20 s; web and worker must go on living, the process that reads a file must stay below
512 MB, and a leader who looks at the first screen meanwhile must not wait more than twice as long as usual. What is
usual is asked in pauses all through the attack, so that whatever else the machine does weighs on both alike.
Prints what became of them; exit 1 if any of it does not hold. CI tries a twentieth; the full run is in docs/runs.md.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import io
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.serving import Answer, Visitor, environment_of, web_server
from tests.workbooks.files import attendee, by_hand, cell, hostile, roster
from workbooks.child import MEMORY

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 20.0  # seconds
TIMES = 2.0  # as long as usual, for somebody else's page
TOGETHER = 25  # files, and then
PAUSE = 2.0  # seconds without any, in which the leader's page takes as long as usual
XLS = Path(__file__).with_name("legacy.xls")

Dice = random.Random
Maker = Callable[[Dice], bytes]


# --- the files --------------------------------------------------------------------------------------------------------


def broken(data: bytes, dice: Dice, most: int = 40) -> bytes:
    """The bytes with some of them changed, dropped or doubled."""
    out = bytearray(data)
    for _ in range(dice.randint(1, most)):
        at = dice.randrange(len(out))
        match dice.randrange(4):
            case 0:
                out[at] = dice.randrange(256)
            case 1:
                del out[at : at + dice.randint(1, 20)]
            case 2:
                out[at:at] = out[at : at + dice.randint(1, 50)]
            case _:
                out[at:at] = dice.randbytes(dice.randint(1, 8))
        if not out:
            return b"P"
    return bytes(out)


def good(dice: Dice) -> bytes:
    return roster([attendee(dice.randrange(1, 5_000)) for _ in range(dice.randint(1, 30))])


def broken_file(dice: Dice) -> bytes:
    return broken(good(dice), dice)


def cut_off(dice: Dice) -> bytes:
    data = good(dice)
    return data[: dice.randrange(len(data))]


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def broken_part(dice: Dice) -> bytes:
    parts = parts_of(good(dice))
    name = dice.choice(sorted(parts))
    parts[name] = broken(parts[name], dice, 6)
    return zipped(parts)


def lost_part(dice: Dice) -> bytes:
    parts = parts_of(good(dice))
    del parts[dice.choice(sorted(parts))]
    return zipped(parts)


def exchanged_parts(dice: Dice) -> bytes:
    parts = parts_of(good(dice))
    one, other = dice.sample(sorted(parts), 2)
    parts[one], parts[other] = parts[other], parts[one]
    return zipped(parts)


LIES: tuple[tuple[bytes, tuple[bytes, ...]], ...] = (
    (rb' r="[A-Z]+\d+"', (b' r="XFD1048576"', b' r="ZZZ99999999"', b' r="A0"', b' r="1A"', b' r="A-1"', b' r=""', b"")),
    (rb'<row r="\d+"', (b'<row r="1048577"', b'<row r="-1"', b'<row r="0"', b'<row r="99999999999999999999"', b'<row r="x"')),
    (rb' t="\w+"', (b' t="e"', b' t="b"', b' t="d"', b' t="s"', b' t="str"', b' t="wrong"', b' t=""')),
    (rb"<v>[^<]*</v>", (b"<v>NaN</v>", b"<v>1e999</v>", b"<v>-inf</v>", b"<v>" + b"9" * 4_000 + b"</v>", b"<v/>",
                        b"<v>1" + b"0" * 400 + b"</v>", b"<v>0x10</v>", "<v>١٢</v>".encode(), b"<v>-99999999</v>")),
    (rb' s="\d+"', (b' s="99999999"', b' s="-1"', b' s="x"')),
    (rb'<dimension ref="[^"]*"', (b'<dimension ref="A1:XFD1048576"', b'<dimension ref="B2:A1"', b'<dimension ref="')),
    (rb'count="\d+"', (b'count="4000000000"', b'count="-5"', b'count="many"')),
    (rb"</sheetData>", (b'</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>',
                        b'</sheetData><mergeCells>' + b'<mergeCell ref="A1:A2"/>' * 20_000 + b"</mergeCells>",
                        b'</sheetData><mergeCells><mergeCell ref="B2"/><mergeCell ref=":"/></mergeCells>')),
    (rb"<sheet [^>]*/>", (b'<sheet name="" sheetId="1" r:id="rId1"/>', b'<sheet name="a" sheetId="1" r:id="rId99"/>',
                          b'<sheet name="' + b"x" * 30_000 + b'" sheetId="1" r:id="rId1"/>')),
    (rb'Target="[^"]*"', (b'Target="../../../../etc/passwd"', b'Target="http://127.0.0.1/"', b'Target=""',
                          b'Target="file:///etc/passwd" TargetMode="External"')),
)  # fmt: skip


def lying(dice: Dice) -> bytes:
    """A good sheet in which some attributes or values say what cannot be."""
    parts = parts_of(good(dice))
    for pattern, lies in dice.sample(LIES, dice.randint(1, 3)):
        for name in parts:
            if dice.random() < 0.8 and name.endswith((".xml", ".rels")):
                lie = dice.choice(lies)
                pieces = re.split(b"(" + pattern + b")", parts[name])
                pieces[1::2] = [lie if dice.random() < 0.3 else piece for piece in pieces[1::2]]
                parts[name] = b"".join(pieces)
    return zipped(parts)


def corners(dice: Dice) -> bytes:
    cells = "".join(
        cell(
            f"{''.join(dice.choices('ABXFDZ', k=dice.randint(1, 4)))}{dice.choice([1, 2, 65_536, 1_048_576, 10**9])}",
            "1",
        )
        for _ in range(dice.randint(1, 6))
    )
    return by_hand(cells)


def many_cells(dice: Dice) -> bytes:
    """Twenty million empty cells, in rows as long as they may be, or in too many rows."""
    row = "<row>" + "<c/>" * 16_000 + "</row>" if dice.random() < 0.5 else "<row><c/><c/></row>" * 8_000
    return by_hand(row * (20_000_000 // row.count("<c/>")))


def long_string(dice: Dice) -> bytes:
    """A cell of a gigabyte. Made by compressing, never held."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts_of(by_hand(cell("A1", "1"))).items():
            if not name.endswith("sheet1.xml"):
                archive.writestr(name, content)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(
                b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
            )
            part.write(b'<c r="A1" t="inlineStr"><is><t>')
            for _ in range(1_000):
                part.write(b"a" * 1_000_000)
            part.write(b"</t></is></c></row></sheetData></worksheet>")
    return out.getvalue()


def nested(dice: Dice) -> bytes:
    """A zip in a zip in a zip; or tags in tags in tags."""
    if dice.random() < 0.5:
        data = good(dice)
        for depth in range(dice.randint(1, 20)):
            data = zipped(
                {"xl/workbook.xml": b"<workbook/>", "[Content_Types].xml": b"<Types/>", f"{depth}.zip": data}
            )
        return data
    deep = dice.choice([100, 10_000, 1_000_000])
    return by_hand("<row>" * deep + "</row>" * deep)


def many_parts(dice: Dice) -> bytes:
    return zipped({f"xl/{n}.xml": b"" for n in range(dice.choice([900, 1_500, 20_000]))})


def entities(dice: Dice) -> bytes:
    kinds = (
        '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a [<!ENTITY % a SYSTEM "http://127.0.0.1:1/x"> %a;]>',
        '<!DOCTYPE a [<!ENTITY a "' + "a" * 100_000 + '">]>',
        '<?xml version="1.0" encoding="UTF-16"?>',
        '<?xml version="1.0" encoding="klingon"?>',
        "\ufeff",
    )
    return by_hand(cell("A1", "&a;"), before=dice.choice(kinds))


def csv_garbage(dice: Dice) -> bytes:
    """Text that is hardly a table, in one encoding or several."""
    kinds = (
        lambda: dice.randbytes(dice.randint(1, 20_000)),
        lambda: b"," * dice.randint(1, 3_000_000),
        lambda: b"\n" * dice.randint(1, 3_000_000),
        lambda: b'"' + b"a,\n" * dice.randint(1, 500_000),
        lambda: "姓名,身份证号,镇村\n".encode("gbk") + dice.randbytes(200),
        lambda: "姓名,身份证号,镇村\n".encode("utf-16") + "张三,1,徐庄镇".encode(),
        lambda: b"\0" * dice.randint(1, 1_000_000),
        lambda: ("姓名,身份证号,镇村\n" + "=cmd|' /C calc'!A0,1,2\n" * dice.randint(1, 50)).encode(),
        lambda: ("姓名,身份证号,镇村\n" + "x" * dice.randint(1, 3_000_000)).encode(),
    )
    return dice.choice(kinds)()


def xls_garbage(dice: Dice) -> bytes:
    data = XLS.read_bytes()
    return (
        broken(data, dice)
        if dice.random() < 0.7
        else data[: dice.randrange(8, len(data))] + dice.randbytes(500)
    )


_FIXED = hostile()


def fixed(dice: Dice) -> bytes:
    return _FIXED[dice.choice(sorted(_FIXED))]


# kind → (how to make one, how often among 200)
KINDS: dict[str, tuple[Maker, int]] = {
    "bytes changed": (broken_file, 30),
    "cut off": (cut_off, 12),
    "a part changed": (broken_part, 40),
    "a part lost": (lost_part, 6),
    "parts exchanged": (exchanged_parts, 8),
    "lies": (lying, 46),
    "corners": (corners, 8),
    "twenty million cells": (many_cells, 2),
    "a string of a gigabyte": (long_string, 1),
    "nested": (nested, 5),
    "many parts": (many_parts, 3),
    "entities": (entities, 8),
    "CSV of garbage": (csv_garbage, 16),
    ".xls of garbage": (xls_garbage, 10),
    "known bombs": (fixed, 5),
}


def files(count: int, dice: Dice) -> Iterator[tuple[str, bytes]]:
    """`count` of them, each kind at least once if there are enough, in random order."""
    kinds = list(KINDS)[:count]
    kinds += dice.choices(list(KINDS), [weight for _, weight in KINDS.values()], k=count - len(kinds))
    dice.shuffle(kinds)
    for kind in kinds:
        yield kind, KINDS[kind][0](dice)


# --- the site ---------------------------------------------------------------------------------------------------------


class Clerk(Visitor):
    """Who uploads."""

    def __init__(self, port: int) -> None:
        super().__init__(port, "xuzhuang")
        self.chosen: dict[str, str] = {}  # unit and quarter, as the page offers them

    def upload(self, name: str, data: bytes) -> Answer:
        edge = "----------attack"
        if not self.chosen:
            page = self.get("/workbooks/upload/").text
            for key in ("organization", "period"):
                options = page.partition(f'name="{key}"')[2].partition("</select>")[0]
                self.chosen[key] = re.findall(r'<option value="([^"]+)"', options)[0]
        fields = {"csrfmiddlewaretoken": self.cookies["csrftoken"], "register": "", **self.chosen}
        body = "".join(
            f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        )
        body += f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        body += "Content-Type: application/octet-stream\r\n\r\n"
        whole = body.encode() + data + f"\r\n--{edge}--\r\n".encode()
        return self.ask("POST", "/workbooks/upload/", whole, f"multipart/form-data; boundary={edge}")


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[int, list[subprocess.Popen[bytes]]]]:
    """The demo, made in `folder` unless it is there, with its web server and worker: the port, and both processes."""
    environment = environment_of(folder)
    manage: list[str | Path] = [sys.executable, ROOT / "manage.py"]
    setting_up = (["migrate"], ["demo"], ["collectstatic", "--noinput"]) if not any(folder.iterdir()) else ()
    for command in setting_up:
        subprocess.run(
            [*manage, *command, "--verbosity=0"],
            env=environment,
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    with web_server(environment) as (port, web):
        worker = subprocess.Popen([*manage, "db_worker", "--verbosity=0"], cwd=ROOT, env=environment)
        try:
            yield port, [web, worker]
        finally:
            worker.terminate()
            worker.wait(30)


def started_by(pid: int) -> set[int]:
    """Whatever its threads have started and still runs."""
    found: set[int] = set()
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found |= {int(one) for one in thread.read_text().split()}
    return found


class Watcher(threading.Thread):
    """Looks every 20 ms how much memory the processes have that read a file: started by the worker, or by a child of the
    web server. All of /proc would take a fifth of a processor."""

    def __init__(self, web: int, worker: int) -> None:
        super().__init__(daemon=True)
        self.web, self.worker = web, worker
        self.highest = 0
        self.seen: set[int] = set()
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.02):
            for parent in {*started_by(self.web), self.worker}:
                for one in started_by(parent):
                    with contextlib.suppress(OSError):
                        if b"workbooks.child" in Path(f"/proc/{one}/cmdline").read_bytes():
                            self.seen.add(one)
                            found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{one}/status").read_text())
                            self.highest = max(self.highest, int(found[1]) * 1024 if found else 0)


class Onlooker(threading.Thread):
    """A leader who looks at the first screen again and again: `now` says whether as usual, or while a file is uploaded; or
    neither, as while one is being made, for which the site is not to blame."""

    def __init__(self, visitor: Visitor) -> None:
        super().__init__(daemon=True)
        self.visitor = visitor
        self.took: dict[str, list[float]] = {"usual": [], "attacked": [], "": []}  # seconds
        self.wrong: list[int] = []
        self.now = ""
        self.over = threading.Event()

    def look(self) -> float:
        began = time.perf_counter()
        status = self.visitor.get("/overview/").status
        if status != 200:
            self.wrong.append(status)
        return time.perf_counter() - began

    def run(self) -> None:
        while not self.over.wait(0.15):
            began = self.now
            took = self.look()
            if began != "usual" or self.now == "usual":  # else it was a little of both
                self.took[began].append(took)

    def pause(self, seconds: float) -> None:
        """Let it look for so long as usual."""
        self.now = "usual"
        time.sleep(seconds)
        self.now = ""

    def waited(self, when: str, share: float = 0.5) -> float:
        """Milliseconds within which that share of its looks was answered; 0 if it did not look."""
        looks = sorted(self.took[when])
        return round(looks[int(share * (len(looks) - 1))] * 1000, 1) if looks else 0.0


def tell(text: str) -> None:
    """A line for the person who ran it."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


# --- the run ----------------------------------------------------------------------------------------------------------


def outcome(clerk: Clerk, data: bytes) -> str:
    """What became of a file: "refused", "preview", or what is wrong."""
    name = (
        "台账.xls" if data.startswith(b"\xd0\xcf") else "台账.xlsx" if data.startswith(b"PK") else "台账.csv"
    )
    answer = clerk.upload(name, data)
    if answer.status == 422 and '<a href="#id_file">' in answer.text:
        return "refused"
    if answer.status != 302 or not answer.location.startswith("/workbooks/preview/"):
        return f"WRONG: {answer.status} {answer.location}"
    answer = clerk.get(answer.location)
    if answer.status == 302 and answer.location == "/workbooks/upload/":
        told = "message-error" in clerk.get(answer.location).text
        return "refused" if told else "WRONG: sent back without a word"
    if answer.status == 200 and ("检查结果" in answer.text or "正在检查" in answer.text):
        return "preview"
    return f"WRONG: {answer.status} {answer.location} after the upload"


def attack(
    count: int, seed: int, folder: Path, *, seconds: float = LONGEST, times: float = TIMES
) -> list[str]:
    """Runs it and prints what it found; the faults. `seconds`: what a file may take; `times`: how many times as long as
    usual somebody else's page may."""
    dice = random.Random(seed)
    faults: list[str] = []
    found: collections.Counter[tuple[str, str]] = collections.Counter()
    longest = (0.0, "")
    with served(folder) as (port, programs):
        clerk, onlooker = Clerk(port), Onlooker(Visitor(port, "lingdao"))
        watcher = Watcher(programs[0].pid, programs[1].pid)
        for _ in range(4):
            onlooker.look()  # both workers read their templates
        workers = started_by(programs[0].pid)
        watcher.start()
        onlooker.start()
        began = time.monotonic()
        for number, (kind, data) in enumerate(files(count, dice), 1):
            if number % TOGETHER == 1:
                onlooker.pause(PAUSE)
            onlooker.now = "attacked"
            sent = time.monotonic()
            what = outcome(clerk, data)
            took = time.monotonic() - sent
            onlooker.now = ""
            longest = max(longest, (took, kind))
            found[kind, what] += 1
            if what.startswith("WRONG"):
                faults.append(f"file {number}, {kind}: {what}")
                (folder / f"wrong-{number}").write_bytes(data)
            if took > seconds:
                faults.append(f"file {number}, {kind}: {took:.1f} s")
        lasted = time.monotonic() - began
        for thread in (watcher, onlooker):
            thread.over.set()
            thread.join()
        for program, name in zip(programs, ("web", "worker"), strict=True):
            if program.poll() is not None:
                faults.append(f"the {name} died")
        if programs[0].poll() is None and started_by(programs[0].pid) != workers:
            faults.append("a process of the web died")
    usual, attacked = onlooker.waited("usual"), onlooker.waited("attacked")
    if onlooker.wrong:
        faults.append(f"somebody else's page answered {onlooker.wrong}")
    if attacked > times * usual:
        faults.append(f"somebody else's page took {attacked / usual:.1f} times as long")
    if not watcher.seen:
        faults.append("no process that reads a file was seen")
    if watcher.highest > MEMORY:
        faults.append(f"a reader had {watcher.highest / 2**20:.0f} MB")
    for (kind, what), number in sorted(found.items()):
        tell(f"{kind:<26}{what:<12}{number:>6}")
    tell(
        json.dumps(
            {
                "files": count,
                "seed": seed,
                "seconds": round(lasted, 1),
                "longest_s": round(longest[0], 1),
                "longest": longest[1],
                "reader_mb": round(watcher.highest / 2**20),
                "others_page_ms": {
                    when: {
                        "looks": len(onlooker.took[when]),
                        "median": onlooker.waited(when),
                        "19 of 20 within": onlooker.waited(when, 0.95),
                    }
                    for when in ("usual", "attacked")
                },
                "load": round(os.getloadavg()[1], 1),
                "faults": faults,
            },
            ensure_ascii=False,
        )
    )
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    tell(f"seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        faults = attack(options.files, options.seed, Path(folder))
        for file in Path(folder).glob("wrong-*"):
            (Path(tempfile.gettempdir()) / f"attack-{options.seed}-{file.name}").write_bytes(
                file.read_bytes()
            )
    for fault in faults:
        tell(f"FAULT: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
