"""People who read while the books move: a leader's first screen and the summary, over HTTP, as run.py serves them.

Whatever moment a page shows, some sums hold; a page where one does not is wrong, also if it only mixes two moments.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from http.client import HTTPException
from pathlib import Path
from typing import Any

from ledger.accounts import ALLOCATED, ARRANGED, CHAIN, DISBURSED, SPENT
from ledger.money import FEN_PER_WAN, percent
from tests.ledger.kill.registers import FORWARD, PLAN
from tests.serving import Answer, Visitor

BUDGET = 450 * FEN_PER_WAN  # 分; the plan's, which no move of the test takes out of the lines
LINES = [f"{PLAN}-{number:02d}" for number in range(1, 6)]
GROUP, GROUPED = "137", LINES[2:]
LEADER = "lingdao"
PAUSE = 0.01  # seconds from one answer to the next question
PATIENCE = 30.0  # seconds for an answer

Figures = Mapping[tuple[str, str], int]  # (line or "total", stage) → cumulative 分


@dataclass(frozen=True)
class Page:
    """What one answer says: its figures, and whatever in it does not add up."""

    figures: Figures
    wrong: list[str]


def first_screen(text: str) -> Page:
    """The leader's first screen, every figure exact to the 分."""
    figures: dict[tuple[str, str], int] = {}
    wrong: list[str] = []
    strip = text.partition("money-strip")[2].partition("</section>")[0]
    blocks = [strip, *re.split(r"<tr[ >]", text.partition("<tbody>")[2].partition("</table>")[0])]
    for block in blocks:
        found = re.findall(rf'class="amount" href="/figures/{PLAN}/([\w-]+)/(\w+)/">([^<]+)<', block)
        if not found:
            continue
        code = found[0][0]
        figures |= {(code, stage): _fen(shown) for _, stage, shown in found if stage in CHAIN}
        waiting = dict(re.findall(r'class="pending" href="[^"]+/(\w+)/#held">含待审核 ([^<]+)<', block))
        in_rows, in_strip = r'data-label="(\w+)"><span>([^<]+)<', r'<span>(\w+) <\w+ class="num">([^<]+)<'
        rates = dict(re.findall(in_rows, block) or re.findall(in_strip, block))
        have = {stage: figures.get((code, stage), 0) for stage in CHAIN}
        for name, stage in (("支出率", SPENT), ("拨付率", DISBURSED)):
            due = percent(have[stage], have[ALLOCATED])
            if rates.get(name) != due:
                wrong.append(f"{code}: {name} {rates.get(name)} of {have}, not {due}")
        left = _fen(rates["余额"])
        most = have[ALLOCATED] - have[SPENT]
        if code == FORWARD:
            waits = _fen(waiting[SPENT]) - have[SPENT] if SPENT in waiting else 0
            if left != most - waits:
                wrong.append(f"{code}: 余额 {left} of {have} with {waits} waiting")
        elif left > most:
            wrong.append(f"{code}: 余额 {left} above {most}")
    chart = re.search(r'<script id="money-chart" type="application/json">(.*?)</script>', text, re.DOTALL)
    drawn: list[dict[str, Any]] = json.loads(chart[1])["series"] if chart else []
    if not drawn:
        wrong.append("the page has no chart")
    for series in drawn:
        for line, point in zip(LINES, series["points"], strict=True):
            if figures.get((line, series["stage"])) != _fen(point["text"]):
                wrong.append(f"{line}: the chart says {point['text']} {series['stage']}")
    group = text.partition(f'id="group-{GROUP}"')[2].partition("</dl>")[0]
    for stage, shown in re.findall(rf'href="/figures/{PLAN}/{GROUP}/(\w+)/">([^<]+)<', group):
        if _fen(shown) != sum(figures.get((line, stage), 0) for line in GROUPED):
            wrong.append(f"the group's {stage} {shown} is not its lines'")
    return Page(figures, wrong + _wrong_sums(figures))


def summary(text: str) -> Page:
    """The same of the summary for scripts."""
    money = json.loads(text)["money"]
    by_code = {line["code"]: line for line in money["lines"]} | {"total": money["total"]}
    figures = {(code, stage): line[stage] for code, line in by_code.items() for stage in CHAIN}
    wrong = []
    for stage, total in money["total"]["held"].items():
        if stage in CHAIN and total != sum(line["held"][stage] for line in money["lines"]):
            wrong.append(f"held {stage}: the lines do not add up to {total}")
    if money["total"]["held"][ARRANGED]:
        wrong.append("what is held adds to the whole")
    for code, line in by_code.items():
        most = line[ALLOCATED] - line[SPENT]
        if line["available"] > most or (code == FORWARD and line["available"] != most - line["held"][SPENT]):
            wrong.append(f"{code}: available {line['available']}, {most} not spent, {line['held']}")
    return Page(figures, wrong + _wrong_sums(figures))


def _fen(shown: str) -> int:
    return int(Decimal(shown.replace(",", "")) * FEN_PER_WAN)


def _wrong_sums(figures: Figures) -> list[str]:
    """What holds at every moment: each stage below the one before, lines add up to the total, the total is 450 万."""
    wrong = []
    if set(figures) < {(code, stage) for code in (*LINES, "total") for stage in CHAIN}:
        return [f"the page has only {len(figures)} figures"]
    for code in (*LINES, "total"):
        chain = [figures[code, stage] for stage in CHAIN]
        if chain != sorted(chain, reverse=True) or min(chain) < 0:
            wrong.append(f"{code}: {chain} are out of order")
    for stage in CHAIN:
        lines = sum(figures[line, stage] for line in LINES)
        if lines != figures["total", stage]:
            wrong.append(f"{stage}: the lines add up to {lines}, the total is {figures['total', stage]}")
    if figures["total", ARRANGED] != BUDGET:
        wrong.append(f"{figures['total', ARRANGED]} are arranged")
    return wrong


PAGES: dict[str, tuple[str, Callable[[str], Page]]] = {
    "screen": ("/overview/", first_screen),
    "summary": (f"/api/plans/{PLAN}/summary", summary),
}


def _word_for(answer: Answer) -> str:
    if answer.status == 503 and answer.headers.get("Retry-After"):
        return "away"
    return "good" if answer.status == 200 else "rude"


def read_on(name: str, reader: Visitor, folder: Path, deadline: float) -> None:
    """Take the page again and again, and write down of each reading when it began, when it ended, and what it was:
    good, away (the polite 503), wrong (sums that cannot be) or rude (any other error)."""
    path, understand = PAGES[name]
    most = dict.fromkeys(CHAIN, 0)  # the forward line has shown
    with (folder / f"reader-{name}.log").open("a", buffering=1) as log:
        while time.monotonic() < deadline:
            began = time.monotonic()
            word, what = "good", ""
            try:
                answer = reader.get(path)
            except (OSError, HTTPException) as error:
                word, what = "rude", repr(error)
            else:
                word = _word_for(answer)
                what = f"status {answer.status}" if word == "rude" else ""
            if word == "good":
                page = understand(answer.text)
                wrong = list(page.wrong)
                for stage in CHAIN:
                    now = page.figures.get((FORWARD, stage), 0)
                    if now < most[stage]:
                        wrong.append(f"{FORWARD}: {stage} was {most[stage]} and is {now}")
                    most[stage] = max(most[stage], now)
                if wrong:
                    word, what = "wrong", "; ".join(wrong)[:500]
            log.write(f"{began:.4f} {time.monotonic():.4f} {word} {what}".rstrip() + "\n")
            time.sleep(PAUSE)


@dataclass
class Readings:
    """What the readers wrote down: counts by word, outages and slowest good reading in seconds, examples of the bad."""

    counts: dict[str, int]
    outages: list[float]
    slowest: float
    examples: list[str]


def readings(folder: Path) -> Readings:
    """The logs of all readers. An outage runs from the first reading that failed to the end of the next good one."""
    found = Readings(dict.fromkeys(("good", "away", "wrong", "rude"), 0), [], 0.0, [])
    for name in PAGES:
        path = folder / f"reader-{name}.log"
        since: float | None = None
        for line in path.read_text().splitlines() if path.exists() else []:
            began, ended, word, *what = line.split(" ", 3)
            found.counts[word] += 1
            if word in ("wrong", "rude"):
                found.examples.append(f"{name}: {word} {' '.join(what)}")
            if word in ("away", "rude"):
                since = float(began) if since is None else since
                continue
            if since is not None:
                found.outages.append(float(ended) - since)
                since = None
            found.slowest = max(found.slowest, float(ended) - float(began))
        if since is not None:
            found.outages.append(float("inf"))
    return found
