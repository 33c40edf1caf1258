"""Lines and maxima against what the rows in force fix of them (docs/adr/0012)."""

from __future__ import annotations

from ledger.fixing import account_code, standing
from ledger.models import Account, BudgetLine
from ledger.posting import amount_text
from ledger.verify.core import Findings, rule


@rule("项目的状态、上级和账户上限与现行有效的记录一致")
def lines_are_as_rows_in_force_say() -> Findings:
    """Every line a row in force speaks of is there, below its parent, in the row's state, and its accounts with it."""
    lines = {line.code: line for line in BudgetLine.objects.all()}
    open_accounts = dict(
        Account.objects.filter(line__isnull=False, closed=False).values_list("line__code", "code")
    )
    closed_accounts = dict(
        Account.objects.filter(line__isnull=False, closed=True).values_list("line__code", "code")
    )
    maxima = dict(Account.objects.filter(line__isnull=False).values_list("code", "maximum"))
    for entry_id, fixed in standing():
        line = lines.get(fixed.code)
        if line is None:
            yield f"{entry_id} 号记录", f"有项目 {fixed.code}", "没有"
            continue
        if line.state != fixed.state:
            found = str(BudgetLine.State(line.state).label)
            yield f"项目 {line.code}", f"{BudgetLine.State(fixed.state).label}（{entry_id} 号记录）", found
        wrong = (closed_accounts if fixed.state == BudgetLine.State.OPEN else open_accounts).get(fixed.code)
        if wrong is not None:
            stopped = fixed.state != BudgetLine.State.OPEN
            yield (
                f"账户 {wrong}",
                "停止新增" if stopped else "可以新增",
                "可以新增" if stopped else "停止新增",
            )
        if fixed.opens is not None and (line.parent_id, line.name) != (
            fixed.opens.parent.pk,
            fixed.opens.name,
        ):
            yield f"项目 {line.code}", f"“{fixed.opens.name}”，在 {fixed.opens.parent.code} 之下", line.name
        for one in fixed.maxima:
            code = account_code(fixed, one)
            if code not in maxima or maxima[code] != one.amount:
                has = maxima.get(code)
                found = "没有上限" if has is None else amount_text(has, "分")
                yield f"账户 {code}", f"上限 {amount_text(one.amount, '分')}（{entry_id} 号记录）", found
