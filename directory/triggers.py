"""What the database itself refuses about people: nobody disappears, and no version or fact is rewritten."""

from __future__ import annotations

from audit.triggers import Refusal, no_replace
from directory.privacy import PREFIX_LENGTH

_KEPT = "人员资料只能新增版本，不能修改或删除已有的版本。"
_FACT_KEPT = "类别只能新增或撤销，不能修改或删除。"
_GRANT_KEPT = "专项授权只能新增或收回，不能修改或删除。"
_GUARDIAN_KEPT = "监护人只能新增，不能修改或删除。"


def _unless_moved_to_another_key(column: str, others: tuple[str, ...], nullable: tuple[str, ...]) -> str:
    """True when an UPDATE does anything but encrypt `column` under another key (`manage.py rotate_keys`)."""
    changed = [f"OLD.{name} <> NEW.{name}" for name in others]
    changed += [f"coalesce(OLD.{name}, 0) <> coalesce(NEW.{name}, 0)" for name in nullable]
    same_key = f"substr(OLD.{column}, 1, {PREFIX_LENGTH}) = substr(NEW.{column}, 1, {PREFIX_LENGTH})"
    return " OR ".join([*changed, same_key])


_VERSION_CHANGED = _unless_moved_to_another_key(
    "snapshot", ("id", "person_id", "version", "at"), ("changed_by_id",)
)
_GUARDIAN_CHANGED = _unless_moved_to_another_key(
    "contact", ("id", "person_id", "recorded_at"), ("recorded_by_id",)
)
_GRANT_CHANGED = " OR ".join(
    [
        "OLD.revoked_at IS NOT NULL",
        *[f"OLD.{name} <> NEW.{name}" for name in ("id", "user_id", "reason", "granted_at")],
        'OLD."right" <> NEW."right"',
        "coalesce(OLD.granted_by_id, 0) <> coalesce(NEW.granted_by_id, 0)",
    ]
)
_FACT_CHANGED = " OR ".join(
    [
        "OLD.withdrawn_at IS NOT NULL",
        *[
            f"OLD.{name} <> NEW.{name}"
            for name in ("id", "person_id", "kind", "value", "valid_from", "source")
        ],
        "coalesce(CAST(OLD.risk_removed_on AS text), '') <> coalesce(CAST(NEW.risk_removed_on AS text), '')",
        "coalesce(OLD.recorded_by_id, 0) <> coalesce(NEW.recorded_by_id, 0)",
        "OLD.recorded_at <> NEW.recorded_at",
    ]
)


def _nothing_goes(table: str, message: str) -> list[Refusal]:
    return [
        Refusal(f"{table}_no_delete", table, "DELETE", message),
        Refusal(f"{table}_no_truncate", table, "TRUNCATE", message),
    ]


TRIGGERS: list[Refusal] = [
    *_nothing_goes("directory_person", "人员不能删除；重复的请提请合并。"),
    *no_replace("directory_person", unique=[("id_hash",), ("provisional_key",)]),
    *_nothing_goes("directory_personversion", _KEPT),
    *no_replace("directory_personversion", unique=[("person_id", "version")]),
    Refusal(
        "directory_personversion_no_update",
        "directory_personversion",
        "UPDATE",
        _KEPT,
        condition_pg=_VERSION_CHANGED,
        condition_sqlite=_VERSION_CHANGED,
    ),
    *_nothing_goes("directory_personfact", _FACT_KEPT),
    Refusal(
        "directory_personfact_only_withdrawn",
        "directory_personfact",
        "UPDATE",
        _FACT_KEPT,
        condition_pg=_FACT_CHANGED,
        condition_sqlite=_FACT_CHANGED,
    ),
    *_nothing_goes("directory_guardian", _GUARDIAN_KEPT),
    *no_replace("directory_guardian"),
    Refusal(
        "directory_guardian_no_update",
        "directory_guardian",
        "UPDATE",
        _GUARDIAN_KEPT,
        condition_pg=_GUARDIAN_CHANGED,
        condition_sqlite=_GUARDIAN_CHANGED,
    ),
    *_nothing_goes("directory_grant", _GRANT_KEPT),
    *no_replace(
        "directory_grant",
        also="kept.user_id = NEW.user_id AND kept.revoked_at IS NULL AND NEW.revoked_at IS NULL",
    ),
    Refusal(
        "directory_grant_only_revoked",
        "directory_grant",
        "UPDATE",
        _GRANT_KEPT,
        condition_pg=_GRANT_CHANGED,
        condition_sqlite=_GRANT_CHANGED,
    ),
    *no_replace(
        "directory_personfact",
        also="kept.person_id = NEW.person_id AND kept.kind = NEW.kind AND kept.valid_from = NEW.valid_from"
        " AND kept.withdrawn_at IS NULL AND NEW.withdrawn_at IS NULL",
    ),
]
