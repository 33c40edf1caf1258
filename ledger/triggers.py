"""What the database itself refuses in the ledger (DESIGN §2): edits of immutable rows, and moves outside a posting."""

from __future__ import annotations

from audit.triggers import Refusal, append_only, no_replace

_OUTSIDE_PG = "current_setting('rongshan.posting', true) IS DISTINCT FROM 'on'"
_OUTSIDE_SQLITE = "NOT EXISTS (SELECT 1 FROM ledger_postingguard)"
_POSTING = "只能由记账程序写入。"


def _posting_only(name: str, table: str, when: str, extra: str = "") -> Refusal:
    return Refusal(
        name,
        table,
        when,
        _POSTING,
        condition_pg=_OUTSIDE_PG + extra,
        condition_sqlite=_OUTSIDE_SQLITE + extra,
    )


TRIGGERS: list[Refusal] = [
    *append_only("ledger_transfer", unique=[("entry_id", "position"), ("reverses_id",)]),
    _posting_only("ledger_transfer_only_by_posting", "ledger_transfer", "INSERT"),
    _posting_only("ledger_account_only_by_posting", "ledger_account", "UPDATE OF balance, held_out, held_in"),
    Refusal(
        "ledger_account_opens_empty",
        "ledger_account",
        "INSERT",
        "新账户的余额必须为 0。",
        condition_pg="NEW.balance <> 0 OR NEW.held_out <> 0 OR NEW.held_in <> 0",
        condition_sqlite="NEW.balance <> 0 OR NEW.held_out <> 0 OR NEW.held_in <> 0",
    ),
    Refusal(
        "ledger_account_keeps_its_unit",
        "ledger_account",
        "UPDATE OF unit, code",
        "账户的单位和代码不能改变。",
        condition_pg="OLD.unit <> NEW.unit OR OLD.code <> NEW.code",
        condition_sqlite="OLD.unit <> NEW.unit OR OLD.code <> NEW.code",
    ),
    # a client that checks no foreign keys could otherwise take an account away with its balance
    Refusal("ledger_account_no_delete", "ledger_account", "DELETE", "账户不能删除。"),
    *no_replace("ledger_account", unique=[("code",)]),
    *[
        _posting_only(f"ledger_{table}_{when.lower()}_only_by_posting", f"ledger_{table}", when)
        for table in ("total", "hold", "presence")
        for when in ("INSERT", "UPDATE", "DELETE")
    ],
    *[
        Refusal(
            f"ledger_total_frozen_{when.lower()}",
            "ledger_total",
            when,
            "该季度已关账，合计不能再变。",
            condition_sqlite=f"EXISTS (SELECT 1 FROM ledger_period"  # noqa: S608  NEW or OLD
            f" WHERE id = {row}.period_id AND is_closed)",
            engines=("sqlite",),
        )
        for when, row in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD"))
    ],
    Refusal("ledger_entry_no_delete", "ledger_entry", "DELETE", "记录不能删除。"),
    Refusal("ledger_entry_no_truncate", "ledger_entry", "TRUNCATE", "记录不能删除。"),
    *no_replace(
        "ledger_entry",
        unique=[("token",)],
        also="kept.corrects_id = NEW.corrects_id AND kept.state IN ('submitted', 'approved')"
        " AND NEW.state IN ('submitted', 'approved')",
    ),
    Refusal(
        "ledger_entry_approved_is_final",
        "ledger_entry",
        "UPDATE",
        "已通过的记录不能修改；请另填更正或红冲。",
        condition_pg="OLD.state = 'approved'",
        condition_sqlite="OLD.state = 'approved'",
    ),
    _posting_only(
        "ledger_entry_approved_by_posting", "ledger_entry", "UPDATE OF state", " AND NEW.state = 'approved'"
    ),
    Refusal(
        "ledger_entry_not_born_approved",
        "ledger_entry",
        "INSERT",
        "记录须先提交再审核。",
        condition_pg="NEW.state <> 'submitted'",
        condition_sqlite="NEW.state <> 'submitted'",
    ),
    Refusal(
        "ledger_period_stays_closed",
        "ledger_period",
        "UPDATE OF is_closed",
        "已关账的季度不能重新打开。",
        condition_pg="OLD.is_closed AND NOT NEW.is_closed",
        condition_sqlite="OLD.is_closed AND NOT NEW.is_closed",
    ),
    Refusal("ledger_period_no_delete", "ledger_period", "DELETE", "季度不能删除。"),
    *no_replace("ledger_period", unique=[("code",)]),
    *append_only("ledger_decision"),
    *append_only("ledger_entryevidence", unique=[("entry_id", "version", "evidence_id")]),
    *append_only("ledger_ruling"),
    *append_only("ledger_acknowledgement", unique=[("entry_id",)]),
    *append_only("ledger_thresholdchange"),
    *append_only("ledger_planrevision", unique=[("plan_id", "number")]),
    *append_only("ledger_personmerge", unique=[("entry_id", "version")]),
    *append_only("ledger_participation", unique=[("entry_id", "version", "account_id", "person_id")]),
    *append_only("ledger_seal", unique=[("period_id",)]),
]
