"""Stories of the books as text tables: one event a line, the expected refusal last.

    2022-03-01 财政 办 下达 2022-04 徐庄镇 60 #文1        files it and has 审核 approve it, the same day
    2022-06-28 徐庄 报 支出 2022-04 徐庄镇 12.5 #记35     files it only; #记35 is its number and its name here
    2022-06-29 审核 退 #记35 金额与凭证不符               also: 批 (approve) 撤 (withdraw) 冲 (reverse) 关 (close a quarter)
    2022-06-30 徐庄 重报 #记35 支出 2022-04 徐庄镇 12     also: 更正 #记35 as #记35b …
    … | 拒绝 InsufficientFunds 可用 100,000.00 元         what must be said, every word of it
    = 2022-04 安排 100 下达 60 拨付 40 支出 12.5          cumulative figures of a line, in 万元, as the screen shows
    余 2022-04 allocated@徐庄镇 20                        what is left in an account, in 万元
    季 2022Q2 2022-04 支出 12.5                           the cumulative figure at the end of a quarter
    记 #记35 2022Q3                                       the quarter an entry was posted in

Amounts are in 万元 unless they end in 元. Options: 发生=2022-06-28 合同=HT1 到=2022-05 到单位=店子镇 来自=已拨未支
收据不点名 leaves the line out; numbers are unique unless given.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from funds.models import Event, FundFlow
from funds.registers import FUND_FLOW
from ledger import actions, bookkeeping, evidence, figures
from ledger.accounts import code_for
from ledger.models import Account, Entry, Evidence, Period, Plan
from ledger.money import parse_amount, wan
from ledger.refusals import Refusal
from ledger.scope import Scope
from tests.ledger.world import World

EVENTS = {event.label: event.value for event in Event} | {"退款": "refund_payee", "退回": "refund_treasury"}
STAGES = {
    "安排": "arranged",
    "到位": "received",
    "下达": "allocated",
    "拨付": "disbursed",
    "支出": "spent",
    "报账": "claimed",
}
ALL = Scope(everything=True)


class Story:
    """Tells a story to the books of `world` and holds them to every line of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.entries: dict[str, Entry] = {}
        self.count = 0

    def tell(self, text: str) -> None:
        """Run the table; AssertionError names the line that did not come true."""
        for raw in text.strip().splitlines():
            line = raw.strip()
            if not line or line.startswith("--"):
                continue
            try:
                self._line(line)
            except AssertionError as error:
                raise AssertionError(f"{line}\n{error}") from None
            except Refusal as refusal:
                raise AssertionError(f"{line}\nrefused: {type(refusal).__name__} {refusal.message}") from None

    def _line(self, line: str) -> None:
        told, _, expected = (part.strip() for part in line.partition("|"))
        words = told.split()
        if words[0] in ("=", "余", "季", "记"):
            self._look(words)
            return
        if not expected:
            self._act(words)
            return
        rule, *said = expected.removeprefix("拒绝").split()
        met = None
        try:
            self._act(words)
        except Refusal as refusal:
            met = refusal
        assert met is not None, "was not refused"
        assert type(met).__name__ == rule, f"refused by {type(met).__name__}: {met.message}"
        text = re.sub(r"\s", "", met.message)
        for word in said:
            assert self._named(word) in text, f"{word} is not in: {met.message}"

    def _named(self, word: str) -> str:
        return f"{self.entries[word].pk}号" if word.startswith("#") else word

    # --- events -------------------------------------------------------------------------------------------------

    def _act(self, words: list[str]) -> None:
        on, actor, verb, *rest = words
        day, by = date.fromisoformat(on), self.world.users[actor]
        getattr(self, f"_{VERBS[verb]}")(day, by, rest)

    def _file(self, day: date, by: Any, words: list[str]) -> Entry:
        name, row = self._row(day, words)
        entry = actions.submit(by=by, on=day, register=FUND_FLOW, row=row, evidence=self._evidence(by))
        self.entries[name] = entry
        return entry

    def _do(self, day: date, by: Any, words: list[str]) -> None:
        entry = self._file(day, by, words)
        actions.approve(by=self.world.users["审核"], on=day, entry=entry, version=entry.version)

    def _approve(self, day: date, by: Any, words: list[str]) -> None:
        entry = self._fresh(words[0])
        version = int(words[1].removeprefix("v")) if len(words) > 1 else entry.version
        actions.approve(by=by, on=day, entry=entry, version=version)

    def _return(self, day: date, by: Any, words: list[str]) -> None:
        entry = self._fresh(words[0])
        actions.return_entry(by=by, on=day, entry=entry, version=entry.version, reason="".join(words[1:]))

    def _withdraw(self, day: date, by: Any, words: list[str]) -> None:
        entry = self._fresh(words[0])
        actions.withdraw(by=by, on=day, entry=entry, version=entry.version)

    def _resubmit(self, day: date, by: Any, words: list[str]) -> None:
        entry = self._fresh(words[0])
        _, row = self._row(day, [*words[1:], words[0]] if not _has_name(words[1:]) else words[1:])
        actions.resubmit(
            by=by, on=day, entry=entry, version=entry.version, row=row, evidence=self._evidence(by)
        )

    def _correct(self, day: date, by: Any, words: list[str]) -> None:
        name, row = self._row(day, words[1:])
        self.entries[f"{name}更"] = actions.correct(
            by=by, on=day, entry=self._fresh(words[0]), row=row, reason="填错了", evidence=self._evidence(by)
        )

    def _reverse(self, day: date, by: Any, words: list[str]) -> None:
        entry = actions.reverse(by=by, on=day, entry=self._fresh(words[0]), reason="重复填报")
        self.entries[f"{words[0]}冲"] = entry

    def _close(self, day: date, by: Any, words: list[str]) -> None:
        bookkeeping.close_period(by=by, on=day, period=Period.objects.get(code=words[0]))

    def _open_subline(self, day: date, by: Any, words: list[str]) -> None:
        parent, code, name = words
        self.world.lines[code] = bookkeeping.open_subline(
            by=by, on=day, parent=self.world.lines[parent], code=code, name=name
        )

    def _cancel_line(self, day: date, by: Any, words: list[str]) -> None:
        line = self.world.lines[words[0]]
        self.world.lines[words[0]] = bookkeeping.cancel_line(by=by, on=day, line=line, reason="群众意见不一")

    def _close_line(self, day: date, by: Any, words: list[str]) -> None:
        line = self.world.lines[words[0]]
        self.world.lines[words[0]] = bookkeeping.close_line(by=by, on=day, line=line, reason="已完工决算")

    def _limit(self, day: date, by: Any, words: list[str]) -> None:
        account = self._account(words[0], words[1])
        bookkeeping.limit_account(
            by=by, on=day, account=account, maximum=parse_amount(words[2], "万元"), reason="合同金额"
        )

    # --- rows ---------------------------------------------------------------------------------------------------

    def _row(self, day: date, words: list[str]) -> tuple[str, FundFlow]:
        event = EVENTS[words[0]]
        options = dict(word.split("=", 1) for word in words if "=" in word)
        plain = [word for word in words[1:] if "=" not in word and not word.startswith("#")]
        named = next((word for word in words if word.startswith("#")), "")
        self.count += 1
        number = named.removeprefix("#") or f"自动{self.count}"
        code, unit, amount = (plain[0], plain[1], plain[2]) if len(plain) == 3 else (plain[0], "", plain[1])
        line = self.world.lines.get(code)
        row = FundFlow(
            event=event,
            plan=line.plan if line else Plan.objects.get(code=code),
            line=line,
            unit=self.world.units[unit] if unit else None,
            amount=parse_amount(amount, "万元"),
            occurred_on=date.fromisoformat(options.get("发生", day.isoformat())),
        )
        if event in ("arrange", "allocate", "recall", "adjust"):
            row.document_no = f"山财农指〔2022〕{number}号"
        else:
            row.voucher_no = number
        if event in ("spend", "direct_pay"):
            row.payee = "某建筑公司"
        if event in ("spend", "direct_pay", "refund_payee"):
            row.contract_no = options.get("合同", "")
        if event == "recall":
            row.recall_from = "disbursed" if options.get("来自") == "已拨未支" else "allocated"
        if event in ("recall", "adjust"):
            row.note = "经领导小组研究同意"
        if event == "adjust":
            row.other_line = self.world.lines[options["到"]]
            row.adjust_level = "quota" if unit else "plan"
            row.other_unit = self.world.units[options["到单位"]] if "到单位" in options else None
        return f"#{number}", row

    def _evidence(self, by: Any) -> list[Evidence]:
        upload = SimpleUploadedFile("凭证.pdf", b"%PDF-1.4 test")
        return [evidence.store(by=by, organization=by.organization, upload=upload)]

    def _fresh(self, name: str) -> Entry:
        entry = self.entries[name]
        return Entry.objects.unscoped("测试").select_related("filed_for", "subject").get(pk=entry.pk)

    # --- looks --------------------------------------------------------------------------------------------------

    def _look(self, words: list[str]) -> None:
        kind = words[0]
        if kind == "=":
            self._figures(words[1], words[2:], None)
        elif kind == "季":
            self._figures(words[2], words[3:], Period.objects.get(code=words[1]))
        elif kind == "余":
            for place, amount in zip(words[2::2], words[3::2], strict=True):
                found = self._account(words[1], place).balance
                assert wan(found) == wan(_fen(amount)), f"{place}: {wan(found)}"
        else:
            period = self._fresh(words[1]).posted_period
            assert period is not None
            assert period.code == words[2], period.code

    def _figures(self, code: str, pairs: list[str], as_of: Period | None) -> None:
        plan_code = code[:4]
        money = figures.money(Plan.objects.get(code=plan_code), scope=ALL, as_of=as_of)
        every = [*money.lines, *(one for below in money.sublines.values() for one in below)]
        found = money.total if code == plan_code else next(one for one in every if one.code == code)
        for name, amount in zip(pairs[::2], pairs[1::2], strict=True):
            held = name.startswith("待")
            stage = STAGES[name.removeprefix("待")] if name != "可用" else "available"
            value = (found.held or {})[stage] if held else getattr(found, stage)
            assert wan(value or 0) == wan(_fen(amount)), f"{name}: {wan(value or 0)}"

    def _account(self, code: str, place: str) -> Account:
        stage, _, at = place.partition("@")
        unit, _, contract = at.partition("#")
        line = self.world.lines.get(code)
        plan = line.plan if line else Plan.objects.get(code=code)
        organization = self.world.units[unit] if unit else None
        return Account.objects.get(code=code_for(plan, stage, line, organization, contract))


def _fen(amount: str) -> int:
    sign = -1 if amount.startswith("-") else 1
    return 0 if amount == "0" else sign * parse_amount(amount.removeprefix("-"), "万元")


def _has_name(words: list[str]) -> bool:
    return any(word.startswith("#") for word in words)


VERBS = {
    "报": "file",
    "办": "do",
    "批": "approve",
    "退": "return",
    "撤": "withdraw",
    "重报": "resubmit",
    "更正": "correct",
    "冲": "reverse",
    "关": "close",
    "设": "open_subline",
    "取消": "cancel_line",
    "关闭": "close_line",
    "限": "limit",
}
