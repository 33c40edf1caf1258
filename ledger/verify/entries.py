"""Entries: their versions, subjects, corrections, steps, decisions, concerned units and filings."""

from __future__ import annotations

from collections import defaultdict

from ledger.registers import all_registers
from ledger.verify.core import Findings, kind_text, rule, select, state_text


@rule("每条记录的每个版本都有明细")
def every_version_has_its_detail() -> Findings:
    known = sorted(all_registers())
    marks = ", ".join(["%s"] * len(known)) or "''"
    sql = f"SELECT register, COUNT(*) FROM ledger_entry WHERE register NOT IN ({marks}) GROUP BY register"  # noqa: S608
    for code, count in select(sql, known):
        yield f"台账 {code}", "程序中有声明的台账", f"没有声明，有记录 {count} 条"
    used = {code for (code,) in select("SELECT DISTINCT register FROM ledger_entry")}
    for register in all_registers().values():
        if register.code not in used:
            continue  # there is no index by register, and each look costs a reading of all entries
        table = register.model._meta.db_table
        sql = f"""
            SELECT e.id, e.version, COALESCE(d.rows, 0), COALESCE(d.first, 0), COALESCE(d.last, 0)
            FROM ledger_entry e
            LEFT JOIN (SELECT entry_id, COUNT(*) AS rows, MIN(version) AS first, MAX(version) AS last
                       FROM "{table}" GROUP BY entry_id) d ON d.entry_id = e.id
            WHERE e.register = %s
              AND (COALESCE(d.rows, 0) <> e.version OR d.first <> 1 OR d.last <> e.version)
            ORDER BY e.id
        """  # noqa: S608  the table's name is the model's
        for pk, version, rows, first, last in select(sql, [register.code]):
            found = f"{rows} 行，第 {first} 版至第 {last} 版" if rows else "没有明细"
            yield f"{pk} 号记录", f"第 1 版至第 {version} 版各一行", found
    for table, codes in detail_tables().items():
        marks = ", ".join(["%s"] * len(codes))
        sql = f"""
            SELECT d.id, d.entry_id, e.register FROM "{table}" d JOIN ledger_entry e ON e.id = d.entry_id
            WHERE e.register NOT IN ({marks}) ORDER BY d.id
        """  # noqa: S608
        for pk, entry, code in select(sql, codes):
            yield f"明细 {table} {pk}", f"属于台账 {'、'.join(codes)}", f"属于 {entry} 号记录（{code}）"


@rule("业务对象指向的记录属于它且状态相符")
def subjects_point_to_their_entries() -> Findings:
    sql = """
        SELECT s.id, e.id, e.state, CASE WHEN e.subject_id = s.id THEN 1 ELSE 0 END
        FROM ledger_subject s JOIN ledger_entry e ON e.id = s.in_force_id
        WHERE e.state <> 'approved' OR e.subject_id <> s.id OR e.kind = 'reversal' ORDER BY s.id
    """
    for pk, entry, state, own in select(sql):
        what = f"{entry} 号记录，{state_text(state)}" + ("" if own else "，属于另一业务对象")
        yield f"业务对象 {pk} 的生效记录", "本对象已通过的记录，且不是红冲", what
    sql = """
        SELECT s.id, e.id, e.state
        FROM ledger_subject s
        JOIN ledger_entry e ON e.id = s.undecided_id
        LEFT JOIN ledger_entry c ON c.id = e.corrects_id
        WHERE e.state <> 'submitted' OR (e.subject_id <> s.id AND COALESCE(c.subject_id, 0) <> s.id)
        ORDER BY s.id
    """
    for pk, entry, state in select(sql):
        yield f"业务对象 {pk} 的待审记录", "本对象待审核的记录", f"{entry} 号记录，{state_text(state)}"


@rule("已通过而未被冲销或接续的记录生效，待审记录占住业务对象")
def entries_are_pointed_to() -> Findings:
    """What was corrected, reversed, or followed by a step that was not: is in force no more."""
    sql = """
        WITH taken_back AS MATERIALIZED (
            SELECT DISTINCT corrects_id AS id FROM ledger_entry
            WHERE corrects_id IS NOT NULL AND state = 'approved'
        ), corrected AS MATERIALIZED (
            SELECT id FROM taken_back
            UNION SELECT e.follows_id FROM ledger_entry e LEFT JOIN taken_back t ON t.id = e.id
            WHERE e.follows_id IS NOT NULL AND e.state = 'approved' AND t.id IS NULL
        )
        SELECT e.id, s.in_force_id, CASE WHEN c.id IS NULL THEN 1 ELSE 0 END
        FROM ledger_entry e
        JOIN ledger_subject s ON s.id = e.subject_id
        LEFT JOIN corrected c ON c.id = e.id
        WHERE e.state = 'approved' AND e.kind <> 'reversal'
          AND ((c.id IS NULL AND COALESCE(s.in_force_id, 0) <> e.id) OR (c.id IS NOT NULL AND s.in_force_id = e.id))
        ORDER BY e.id
    """
    for pk, in_force, should in select(sql):
        expected = "是业务对象的生效记录" if should else "已被冲销或接续，不再生效"
        yield f"{pk} 号记录", expected, f"生效的是 {in_force} 号记录" if in_force else "业务对象没有生效记录"
    sql = """
        SELECT e.id, s.id FROM ledger_entry e JOIN ledger_subject s ON s.id = e.subject_id
        WHERE e.state = 'submitted' AND COALESCE(s.undecided_id, 0) <> e.id
        UNION SELECT e.id, s.id
        FROM ledger_entry e
        JOIN ledger_entry c ON c.id = e.corrects_id
        JOIN ledger_subject s ON s.id = c.subject_id
        WHERE e.state = 'submitted' AND COALESCE(s.undecided_id, 0) <> e.id
        ORDER BY 1, 2
    """
    for pk, subject in select(sql):
        yield f"{pk} 号记录", f"占住业务对象 {subject}", "没有占住"


@rule("更正和红冲各有其对象，同一记录至多一条")
def corrections_are_single() -> Findings:
    sql = """
        SELECT corrects_id, COUNT(*) FROM ledger_entry
        WHERE corrects_id IS NOT NULL AND state IN ('submitted', 'approved')
        GROUP BY corrects_id HAVING COUNT(*) > 1 ORDER BY corrects_id
    """
    for pk, count in select(sql):
        yield f"{pk} 号记录", "至多一条有效的更正或红冲", f"{count} 条"
    sql = """
        SELECT e.id, c.id, c.kind, c.state FROM ledger_entry e JOIN ledger_entry c ON c.id = e.corrects_id
        WHERE c.kind = 'reversal' OR c.state <> 'approved' ORDER BY e.id
    """
    for pk, target, kind, state in select(sql):
        yield (
            f"{pk} 号记录",
            "更正或红冲一条已通过的、不是红冲的记录",
            f"指向 {target} 号（{kind_text(kind)}，{state_text(state)}）",
        )
    sql = """
        SELECT e.id, e.register, e.subject_id, c.id, c.register, c.subject_id
        FROM ledger_entry e JOIN ledger_entry c ON c.id = e.corrects_id
        WHERE e.register <> c.register OR (e.kind = 'reversal' AND e.subject_id <> c.subject_id) ORDER BY e.id
    """
    for pk, register, subject, target, its_register, its_subject in select(sql):
        yield (
            f"{pk} 号记录",
            f"与所更正或红冲的 {target} 号属于同一台账（{its_register}），红冲还属于同一业务对象（{its_subject}）",
            f"台账 {register}，业务对象 {subject}",
        )


@rule("每一步接在同一业务已通过的记录之后")
def steps_follow_their_own() -> Findings:
    """Also a correction of a step, which stands on the same ground as the step it corrects."""
    sql = """
        SELECT e.id, f.id, f.kind, f.state, CASE WHEN f.subject_id = e.subject_id THEN 1 ELSE 0 END
        FROM ledger_entry e JOIN ledger_entry f ON f.id = e.follows_id
        WHERE f.kind = 'reversal' OR f.state <> 'approved' OR f.subject_id <> e.subject_id ORDER BY e.id
    """
    for pk, target, kind, state, own in select(sql):
        what = f"接在 {target} 号（{kind_text(kind)}，{state_text(state)}）之后" + (
            "" if own else "，那是另一笔业务"
        )
        yield f"{pk} 号记录", "接在同一业务一条已通过的、不是红冲的记录之后", what
    sql = """
        SELECT e.id, c.id, COALESCE(e.follows_id, 0), COALESCE(c.follows_id, 0)
        FROM ledger_entry e JOIN ledger_entry c ON c.id = e.corrects_id
        WHERE e.kind = 'correction' AND COALESCE(e.follows_id, 0) <> COALESCE(c.follows_id, 0) ORDER BY e.id
    """
    for pk, target, found, expected in select(sql):
        yield (
            f"{pk} 号记录",
            f"与所更正的 {target} 号接在同一条之后（{expected or '无'}）",
            str(found or "无"),
        )


@rule("审核人不是填报人或提交人")
def deciders_are_others() -> Findings:
    sql = """
        SELECT id, decided_by_id FROM ledger_entry
        WHERE decided_by_id = filed_by_id OR decided_by_id = submitted_by_id ORDER BY id
    """
    for pk, user in select(sql):
        yield f"{pk} 号记录", "由另一人审核", f"审核人（用户 {user}）就是填报人或提交人"


@rule("审核意见与记录状态一致")
def decisions_match_states() -> Findings:
    """Versions before the last were returned or withdrawn; the last has the decision its state says, by the
    entry's decider, or none while undecided. A voided one has that besides whatever came before."""
    sql = """
        SELECT e.id, e.version, e.state, COUNT(d.id)
        FROM ledger_entry e LEFT JOIN ledger_decision d ON d.entry_id = e.id
        GROUP BY e.id, e.version, e.state, e.decided_by_id
        HAVING COUNT(DISTINCT CASE WHEN d.outcome <> 'void' THEN d.version END)
                <> COUNT(CASE WHEN d.outcome <> 'void' THEN 1 END)
            OR COUNT(CASE WHEN d.outcome = 'void' THEN 1 END) <> CASE WHEN e.state = 'void' THEN 1 ELSE 0 END
            OR COUNT(CASE WHEN d.outcome <> 'void' THEN 1 END) NOT IN (
                e.version - CASE WHEN e.state IN ('submitted', 'void') THEN 1 ELSE 0 END,
                e.version - CASE WHEN e.state = 'submitted' THEN 1 ELSE 0 END)
            OR SUM(CASE WHEN d.version > e.version OR d.version < 1
                          OR (d.outcome = 'void' AND d.version <> e.version)
                          OR (d.version < e.version AND d.outcome = 'approved')
                          OR (d.version = e.version AND d.outcome <> e.state AND e.state <> 'void')
                          OR (d.version = e.version AND d.outcome IN ('approved', 'returned')
                              AND (e.decided_by_id IS NULL OR d.by_id <> e.decided_by_id))
                        THEN 1 ELSE 0 END) > 0
        ORDER BY e.id
    """
    for pk, version, state, count in select(sql):
        yield (
            f"{pk} 号记录",
            f"第 {version} 版，{state_text(state)}，此前各版均已退回或撤回",
            f"审核意见 {count} 条，与此不符",
        )


@rule("记录对涉及单位可见，对其他单位不可见")
def concerns_are_the_units_moved() -> Findings:
    named = "".join(
        f"""
            UNION SELECT d.entry_id, d.{column}_id FROM {register.model._meta.db_table} d
            JOIN ledger_entry e ON e.id = d.entry_id AND e.version = d.version AND e.register = '{register.code}'"""  # noqa: S608  names of ours
        for register in all_registers().values()
        for column in register.concerns
    )
    sql = f"""
        WITH named AS MATERIALIZED (  -- once per entry, not per person: joins stay small without statistics too
            SELECT DISTINCT entry_id, version, organization_id FROM ledger_participation
        ), reached AS MATERIALIZED (
            SELECT p.entry_id, p.organization_id FROM named p
            JOIN ledger_entry e ON e.id = p.entry_id AND e.version = p.version
        ), wanted AS (
            SELECT id AS entry_id, filed_for_id AS organization_id FROM ledger_entry
            WHERE state IN ('submitted', 'approved')
            UNION SELECT entry_id, organization_id FROM ledger_transfer
            UNION SELECT entry_id, organization_id FROM ledger_hold
            UNION SELECT p.entry_id, p.organization_id FROM reached p
            UNION SELECT c.id, k.organization_id
            FROM ledger_entryconcern k JOIN ledger_entry c ON c.corrects_id = k.entry_id
            UNION SELECT c.id, k.organization_id
            FROM ledger_entryconcern k JOIN ledger_entry c ON c.follows_id = k.entry_id{named}
        ), kept AS (
            SELECT c.entry_id, c.organization_id FROM ledger_entryconcern c
            JOIN ledger_entry e ON e.id = c.entry_id WHERE e.state IN ('submitted', 'approved')
        )
        SELECT x.entry_id, o.name, x.wanted FROM (
            SELECT w.entry_id, w.organization_id, 1 AS wanted FROM
                (SELECT entry_id, organization_id FROM wanted EXCEPT SELECT entry_id, organization_id FROM kept) w
            UNION ALL SELECT k.entry_id, k.organization_id, 0 FROM
                (SELECT entry_id, organization_id FROM kept EXCEPT SELECT entry_id, organization_id FROM wanted) k
        ) x
        JOIN ledger_entry e ON e.id = x.entry_id AND e.state IN ('submitted', 'approved')
        JOIN directory_organization o ON o.id = x.organization_id
        ORDER BY x.entry_id, o.name
    """  # noqa: S608
    for pk, organization, wanted in select(sql):
        expected, found = ("涉及", "未列入涉及单位") if wanted else ("不涉及", "列入了涉及单位")
        yield f"{pk} 号记录", f"{expected}{organization}", found
    sql = """
        SELECT e.id, o.name FROM ledger_entry e
        JOIN directory_organization o ON o.id = e.filed_for_id
        LEFT JOIN ledger_entryconcern c ON c.entry_id = e.id AND c.organization_id = e.filed_for_id
        WHERE c.id IS NULL AND e.state NOT IN ('submitted', 'approved') ORDER BY e.id
    """
    for pk, organization in select(sql):  # or those who filed it would not see it
        yield f"{pk} 号记录", f"涉及{organization}", "未列入涉及单位"


@rule("记录归入本单位、本台账的报送")
def entries_are_in_their_filing() -> Findings:
    sql = """
        SELECT e.id, e.filing_id FROM ledger_entry e JOIN ledger_filing f ON f.id = e.filing_id
        WHERE f.organization_id <> e.filed_for_id OR f.register <> e.register OR f.first_submitted_at IS NULL
        ORDER BY e.id
    """
    for pk, filing in select(sql):
        yield f"{pk} 号记录", "归入本单位、本台账且已记首次提交的报送", f"归入报送 {filing}，与此不符"
    sql = """
        SELECT e.id, e.occurred_on, p.code
        FROM ledger_entry e
        JOIN ledger_filing f ON f.id = e.filing_id
        JOIN ledger_period p ON p.id = f.period_id
        WHERE e.occurred_on NOT BETWEEN p.starts_on AND p.ends_on
          AND (e.occurred_on > p.ends_on OR EXISTS (
                SELECT 1 FROM ledger_period own
                WHERE e.occurred_on BETWEEN own.starts_on AND own.ends_on AND NOT own.is_closed))
        ORDER BY e.id
    """
    for pk, day, found in select(sql):
        yield f"{pk} 号记录", f"归入 {day} 所在的季度，已关账的才归入以后的", f"归入 {found}"


def detail_tables() -> dict[str, list[str]]:
    """Table → the codes of the registers that keep their rows in it."""
    tables: dict[str, list[str]] = defaultdict(list)
    for register in all_registers().values():
        tables[register.model._meta.db_table].append(register.code)
    return tables
