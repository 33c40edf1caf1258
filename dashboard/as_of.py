"""As of when a page or the API speaks: now, or the end of a quarter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ledger.models import Period


class UnknownAsOf(ValueError):
    """`as_of` is neither a quarter's code nor its as-of date; the message says in Chinese what to write."""


@dataclass(frozen=True)
class AsOf:
    """`period` is None for "now"; `day` is the date the figures hold for."""

    period: Period | None
    day: date
    today: date

    @property
    def label(self) -> str:
        """ "2022年6月30日 · 2022年第2季度末" for a quarter, "2022年7月4日 · 此刻" for now."""
        day = chinese_date(self.day)
        if self.period is None:
            return f"{day} · 此刻"
        return f"{day} · {self.period.label}末" + ("（尚未结束）" if self.day > self.today else "")

    @property
    def query(self) -> str:
        """What an address carries so that the next page speaks of the same date: "?as_of=2022Q2" or ""."""
        return f"?as_of={self.period.code}" if self.period else ""

    @property
    def pace_day(self) -> date:
        """The day that 序时 is reckoned for: a quarter still running is no further than today."""
        return min(self.day, self.today)


def read_as_of(text: str, periods: Sequence[Period], today: date) -> AsOf:
    """The as-of that `text` names: "" is now, else a quarter's code or its as-of date as 2022-06-30.

    Raises UnknownAsOf for anything else.
    """
    if not text:
        return AsOf(None, today, today)
    for period in periods:
        if text in (period.code, period.as_of.isoformat()):
            return AsOf(period, period.as_of, today)
    known = "、".join(period.code for period in periods) or "无"
    raise UnknownAsOf(
        f"截至时点无法识别，请填写季度代码或该季度的截至日期（可用的季度：{known}），或留空表示此刻。"
    )


def reported_quarter(periods: Sequence[Period], as_of: AsOf) -> Period | None:
    """The quarter whose "x/y 单位已报" belongs beside the date: its own, or for "now" the latest of `periods` that
    has ended.

    Units file a quarter after it ended (DOMAIN §7 Rhythm), so the running one would always read as unfiled.
    """
    if as_of.period is not None:
        return as_of.period
    ended = [period for period in periods if period.ends_on < as_of.today]
    started = [period for period in periods if period.starts_on <= as_of.today]
    return ended[-1] if ended else (started[-1] if started else None)


def chinese_date(day: date) -> str:
    """ "2022年6月30日"."""
    return f"{day.year}年{day.month}月{day.day}日"
