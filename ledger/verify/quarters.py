"""Closed quarters: nothing came into them since, and their seals say what was in them."""

from __future__ import annotations

from datetime import date, timedelta

from audit.models import Event
from ledger import periods, seals
from ledger.models import Period, Plan, Seal
from ledger.verify.core import Findings, Named, printed_seals, rule, rules, select

AT_ONCE = timedelta(seconds=10)  # between a seal and its event, which are of one transaction


@rule("季度的起止日与代码一致")
def quarters_are_what_their_codes_say() -> Findings:
    """What is told by as-of and due dates may be changed; where a quarter begins and ends may not."""
    for period in Period.objects.order_by("code"):
        found = period.starts_on, period.ends_on
        code, expected = periods.code_of(period.starts_on), periods.bounds(period.starts_on)
        if period.code != code or found != expected:
            yield (
                f"季度 {period.code}",
                f"{code}：{expected[0]} 至 {expected[1]}",
                f"{found[0]} 至 {found[1]}",
            )
    known = set(Period.objects.values_list("code", flat=True))
    for year in Plan.objects.order_by("year").values_list("year", flat=True):
        for code in sorted({periods.code_of(date(year, month, 1)) for month in (1, 4, 7, 10)} - known):
            yield f"季度 {code}", f"{year}年方案的四个季度都在", "没有"


@rule("关账以后没有再记入该季度")
def nothing_is_posted_after_closing() -> Findings:
    sql = """
        SELECT p.code, s.sealed_at, COUNT(t.id), MAX(t.posted_at)
        FROM ledger_seal s
        JOIN ledger_period p ON p.id = s.period_id
        JOIN ledger_transfer t ON t.period_id = p.id AND t.posted_at > s.sealed_at
        GROUP BY p.code, s.sealed_at ORDER BY p.code
    """
    for code, sealed_at, count, last in select(sql):
        yield f"季度 {code}", f"{sealed_at} 关账后没有转账", f"{count} 条，最晚 {last}"


@rule("已关账的季度有封签，未关账的没有")
def closed_quarters_are_sealed() -> Findings:
    sql = """
        SELECT p.code, CASE WHEN p.is_closed THEN 1 ELSE 0 END
        FROM ledger_period p LEFT JOIN ledger_seal s ON s.period_id = p.id
        WHERE (p.is_closed AND s.id IS NULL) OR (NOT p.is_closed AND s.id IS NOT NULL) ORDER BY p.starts_on
    """
    for code, closed in select(sql):
        expected, found = ("已关账，有封签", "没有封签") if closed else ("未关账，没有封签", "有封签")
        yield f"季度 {code}", expected, found


@rule("每次关账有审计记录")
def closings_have_their_events() -> Findings:
    """A seal says of itself who made it and when; the event, sealed with the next quarter, says it too."""
    for seal in Seal.objects.select_related("period").order_by("period__starts_on"):
        events = Event.objects.filter(
            target=f"ledger.period:{seal.period_id}", verb="period.closed", outcome=Event.Outcome.DONE
        )
        found = list(events.order_by("pk").values_list("actor_id", "at"))
        if not any(by == seal.sealed_by_id and abs(at - seal.sealed_at) < AT_ONCE for by, at in found):
            said = "、".join(f"用户 {by}，{at}" for by, at in found) or "没有关账的审计记录"
            yield f"季度 {seal.period.code} 的关账", said, f"用户 {seal.sealed_by_id}，{seal.sealed_at}"


@rule("封签前后相接")
def seals_are_chained() -> Findings:
    sql = """
        SELECT code, wanted, previous FROM (
            SELECT p.code, p.starts_on, s.previous,
                   COALESCE(LAG(s.digest) OVER (ORDER BY p.starts_on), '') AS wanted
            FROM ledger_seal s JOIN ledger_period p ON p.id = s.period_id
        ) chain
        WHERE wanted <> previous ORDER BY starts_on
    """
    for code, wanted, previous in select(sql):
        yield f"季度 {code} 的上一封签", wanted or "（第一枚，无）", previous or "（无）"
    sql = """
        SELECT code, before, sealed_at FROM (
            SELECT p.code, p.starts_on, s.sealed_at, LAG(s.sealed_at) OVER (ORDER BY p.starts_on) AS before
            FROM ledger_seal s JOIN ledger_period p ON p.id = s.period_id
        ) chain
        WHERE before > sealed_at ORDER BY starts_on
    """
    for code, before, at in select(sql):
        yield f"季度 {code} 的关账时间", f"晚于上一季度的 {before}", str(at)


def _sealed() -> list[str]:
    return list(
        Period.objects.filter(seal__isnull=False).order_by("starts_on").values_list("code", flat=True)
    )


@rules(_sealed, seals_recompute="封签与该季度的账目相符")
def each_seal_recomputes(code: str) -> Named:
    """A quarter at a time."""
    period = Period.objects.select_related("seal").get(code=code)
    seal = period.seal
    said = f"封签 {seal.digest[:16]}（转账 {seal.transfer_count} 条，审计 {seal.event_count} 条）"
    try:
        now = seals.compute(period, seals.last_seal_before(period), seal.covers)
    except seals.CannotSeal as error:
        found = f"无法重算：所封的表或列已不存在（{error}）"
        yield "seals_recompute", (f"季度 {code}", said, found)
        return
    if (seal.transfer_count, seal.event_count, seal.digest) != (now.transfers, now.events, now.digest):
        found = f"{now.digest[:16]}（转账 {now.transfers} 条，审计 {now.events} 条）"
        yield "seals_recompute", (f"季度 {code}", said, found)


@rule("封签与季报上所印的相同")
def seals_are_as_printed() -> Findings:
    """What the reports say, against whoever has the key, or has put another chain of seals in the place of this one."""
    kept = dict(Period.objects.filter(seal__isnull=False).values_list("code", "seal__digest"))
    for code, digest in sorted(printed_seals().items()):
        if not kept.get(code, "").startswith(digest):
            yield f"季度 {code} 的封签", digest[:16], kept.get(code, "没有封签")[:16]
