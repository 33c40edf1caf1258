"""What talent offers the reports: the work of doctors and teachers, quarter by quarter (DOMAIN §4.8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import F, Q, Sum

from ledger.models import EntryConcern, Period, Plan
from ledger.registers import ReportTable
from ledger.scope import Scope
from talent.models import SupportPost, SupportWork

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
    if not (scope.everything or scope.partner):  # every row of it is shared with 荣成
        units = list(scope.organization_ids)
        concerned = EntryConcern.objects.filter(organization__in=units).values("entry_id")
        rows = rows.filter(Q(entry__filed_for__in=units) | Q(entry__in=concerned))
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    filled: set[tuple[str, str]] = set()
    counted = rows.values("kind", "quarter_ends_on").annotate(
        **{f"sum_{name}": Sum(name) for name in SupportWork.COUNTERS}
    )
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
