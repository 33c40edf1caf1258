"""What talent offers the reports: people by kind and direction, work by quarter, exchanges by kind (DOMAIN §4.7–4.10)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import F, Sum

from ledger.models import Period, Plan
from ledger.registers import ReportTable, get_register
from ledger.scope import Scope
from ledger.tables import Measure, by_kind, seen_by, standing
from talent.models import CultureExchange, Direction, Secondment, SupportPost, SupportWork, TechExchange

MEDICAL, TEACHING = SupportWork.COUNTERS[:5], SupportWork.COUNTERS[5:]
LABELS = {field.name: str(field.verbose_name) for field in SupportWork._meta.concrete_fields}


def work_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """支医 and 支教 apart: each counter 本季 and 累计 since the plan's year began, by quarter of the work. One query.

    A counter that nobody filled in has no line; counters are sums of what is in force, never of what waits.
    """
    rows = SupportWork.objects.filter(
        version=F("entry__version"),
        entry__state="approved",
        entry__subject__in_force=F("entry"),
        quarter_ends_on__year=plan.year,
        quarter_ends_on__lte=as_of.ends_on,
    )
    rows = seen_by(scope, get_register("support_work"), rows)
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    filled: set[tuple[str, str]] = set()
    by_quarter: Any = rows.values("kind", "quarter_ends_on")
    counted = by_quarter.annotate(**{f"sum_{name}": Sum(name) for name in SupportWork.COUNTERS})
    for one in counted.order_by("quarter_ends_on"):
        for name in SupportWork.COUNTERS:
            if (amount := one[f"sum_{name}"]) is None:
                continue
            filled.add((one["kind"], name))
            sums[one["kind"], name][1] += amount
            sums[one["kind"], name][0] += amount if one["quarter_ends_on"] >= as_of.starts_on else 0
    return [
        ReportTable(
            title=f"{kind.label}工作量",
            headings=["项目", "本季", "累计"],
            rows=[
                [LABELS[name], *(f"{n:,}" for n in sums[kind.value, name])]
                for name in counters
                if (kind.value, name) in filled
            ],
            note="各项按季度填报，累计为本年各季之和；人数一栏各季可能是同一批人。",
        )
        for kind, counters in ((SupportPost.Kind.DOCTOR, MEDICAL), (SupportPost.Kind.TEACHER, TEACHING))
        if any((kind.value, name) in filled for name in counters)
    ]


def secondment_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """挂职 by direction and kind: how many were sent, are there, and count towards the plan's 5."""
    kinds = [f"{way.label} · {kind.label}" for way in Direction for kind in Secondment.Kind]
    return by_kind(
        "干部人才挂职",
        "方向 · 类别",
        list(standing("secondment", plan, scope, as_of)),
        lambda row: f"{row.get_direction_display()} · {row.get_kind_display()}",
        kinds,
        [
            Measure("派出", lambda row: 1),
            Measure("在岗", lambda row: int(row.state == "there")),
            Measure("计入 5 人", lambda row: int(row.is_counted)),
        ],
        as_of=as_of,
        unit="人",
        note="计入的只有山亭党政干部赴荣成、达到最短期限的；一人一年只计一次，这里按派出记录数。",
    )


def post_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """支医 and 支教: how many came, and are there."""
    return by_kind(
        "支医支教",
        "类别",
        list(standing("support_post", plan, scope, as_of)),
        lambda row: row.get_kind_display(),
        [kind.label for kind in SupportPost.Kind],
        [Measure("到岗", lambda row: 1), Measure("在岗", lambda row: int(row.state == "there"))],
        as_of=as_of,
        unit="人",
    )


def tech_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """农技科技交流 by crop and kind (CLAUSES: COUNT by crop)."""
    return by_kind(
        "农技科技交流",
        "领域 · 类别",
        list(standing("tech_exchange", plan, scope, as_of)),
        lambda row: f"{row.get_crop_display()} · {row.get_kind_display()}",
        [f"{crop.label} · {kind.label}" for crop in TechExchange.Crop for kind in TechExchange.Kind],
        [Measure("场次", lambda row: 1), Measure("培训人次", lambda row: row.trainees)],
        since=lambda row: row.held_on,
        as_of=as_of,
        unit="场、人次",
    )


def culture_tables(plan: Plan, scope: Scope, as_of: Period) -> Sequence[ReportTable]:
    """文化交流 by kind (CLAUSES: COUNT by kind)."""
    return by_kind(
        "文化交流",
        "类别",
        list(standing("culture_exchange", plan, scope, as_of)),
        lambda row: row.get_kind_display(),
        [kind.label for kind in CultureExchange.Kind],
        [
            Measure("活动", lambda row: 1),
            Measure("培训人次", lambda row: row.trainees),
            Measure("观众人次", lambda row: row.audience),
        ],
        since=lambda row: row.starts_on,
        as_of=as_of,
        unit="次、人次",
    )
