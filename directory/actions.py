"""What administrators do to units and accounts, and people to their own password.

Keyword-only, atomic, audit inside. `by=None` is the server's console (manage.py create_admin, load and demo).
The three administrators keep each other in check (DOMAIN §6): the system administrator makes and stops accounts
but gives no role afterwards, the security administrator gives roles but makes no account, neither acts on
themselves, and an administrator's account is made or given a new password only at the console.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from audit import events
from directory.models import Division, Organization, User
from directory.passwords import one_time_password


class NotAllowed(Exception):
    """The role of `by` does not permit the action; the attempt is in the audit trail."""


class OwnAccount(NotAllowed):
    """An administrator acts on their own account."""


class NewAccount(NamedTuple):
    """A user and the password to hand over: shown once, stored nowhere but as a hash."""

    user: User
    password: str


def create_organization(
    *,
    by: User | None,
    code: str,
    name: str,
    short_name: str,
    kind: str,
    side: str,
    division: Division | None = None,
) -> Organization:
    """A new unit. Raises NotAllowed; ValidationError with all errors at their fields."""
    _allow(by, {User.Role.SYSTEM_ADMIN}, "organization.created", "directory.organization", "建立单位")
    organization = Organization(
        code=code.strip(),
        name=name.strip(),
        short_name=short_name.strip(),
        kind=kind,
        side=side,
        division=division,
    )
    with transaction.atomic():
        organization.full_clean()
        organization.save(force_insert=True)
        events.record(
            verb="organization.created",
            by=by,
            target=f"directory.organization:{organization.pk}",
            summary=f"建立单位：{organization.short_name}",
            details={"code": organization.code, "kind": kind, "side": side},
        )
    return organization


def create_user(
    *,
    by: User | None,
    username: str,
    full_name: str,
    role: str,
    organization: Organization | None,
    hashed: str = "",
) -> NewAccount:
    """A new account with a one-time password that must be changed at the first log-in; or with the password that
    `hashed` is of, which stays, for accounts that are no secret (the demo's).

    Through `by` (system administrator) only for a role of the business, at the console for any role.
    Raises NotAllowed; ValidationError with all errors at their fields.
    """
    _allow(by, {User.Role.SYSTEM_ADMIN}, "user.created", "directory.user", "建立账号")
    if by is not None and role in User.ADMINISTRATORS:
        _refuse(by, "user.created", "directory.user", "三员账号只能由服务器上的 create_admin 命令建立。")
    user = User(
        username=User.normalize_username(username),
        full_name=full_name.strip(),
        role=role,
        organization=organization,
    )
    password = ""
    if hashed:
        user.password, user.must_change_password = hashed, False
    else:
        password = one_time_password()
        user.set_password(password)
    with transaction.atomic():
        _raise_all(user.full_clean, _misfit(role, organization))
        user.password_changed_at = timezone.now()
        user.save(force_insert=True)
        events.record(
            verb="user.created",
            by=by,
            target=f"directory.user:{user.pk}",
            summary=f"建立账号：{user}，角色：{user.get_role_display()}",
            details={"role": role, "organization": organization.code if organization else None},
        )
    return NewAccount(user, password)


def ensure_system_user(*, username: str, full_name: str) -> User:
    """The account in whose name the system itself files (计划导入): cannot log in. Made if it is missing."""
    user = User.objects.filter(username=username, is_system=True).first()
    if user is not None:
        return user
    user = User(username=username, full_name=full_name, role="", is_system=True, must_change_password=False)
    user.set_unusable_password()
    with transaction.atomic():
        user.full_clean(exclude=["role", "password"])
        user.save(force_insert=True)
        events.record(
            verb="user.created",
            by=None,
            target=f"directory.user:{user.pk}",
            summary=f"建立系统账号：{full_name}（不能登录）",
        )
    return user


def rename_user(*, by: User | None, user: User, full_name: str) -> None:
    """Correct a name. Who moves to another unit gets a new account there: the old one's acts stay its unit's."""
    _allow(by, {User.Role.SYSTEM_ADMIN}, "user.renamed", f"directory.user:{user.pk}", "修改姓名")
    with transaction.atomic():
        user.full_name = full_name.strip()
        user.clean_fields(exclude=["password", "role"])
        user.save(update_fields=["full_name"])
        events.record(
            verb="user.renamed",
            by=by,
            target=f"directory.user:{user.pk}",
            summary=f"更正账号姓名：{user}",
        )


def reset_password(*, by: User | None, user: User) -> str:
    """A new one-time password, returned to be handed over. Ends the user's sessions. Raises NotAllowed."""
    target = f"directory.user:{user.pk}"
    _allow(by, {User.Role.SYSTEM_ADMIN}, "user.password_reset", target, "重置密码")
    _not_oneself(by, user, "user.password_reset")
    if user.is_system:
        _refuse(by, "user.password_reset", target, "系统账号不能登录，没有密码。")
    if by is not None and user.role in User.ADMINISTRATORS:
        _refuse(by, "user.password_reset", target, "三员账号的密码只能由服务器上的 create_admin 命令重置。")
    password = one_time_password()
    with transaction.atomic():
        user.set_password(password)
        user.password_changed_at = timezone.now()
        user.must_change_password = True
        user.save(update_fields=["password", "password_changed_at", "must_change_password"])
        events.record(
            verb="user.password_reset",
            by=by,
            target=target,
            summary=f"重置密码：{user}，下次登录须修改",
        )
    return password


def change_password(*, by: User, new_password: str) -> None:
    """`by` sets their own password; the caller has checked the old one. Raises ValidationError."""
    validate_password(new_password, by)
    with transaction.atomic():
        by.set_password(new_password)
        by.password_changed_at = timezone.now()
        by.must_change_password = False
        by.save(update_fields=["password", "password_changed_at", "must_change_password"])
        events.record(
            verb="user.password_changed",
            by=by,
            target=f"directory.user:{by.pk}",
            summary=f"修改自己的密码：{by}",
        )


def change_role(*, by: User, user: User, role: str) -> None:
    """Another role for `user`, by the security administrator. Raises NotAllowed, ValidationError."""
    target = f"directory.user:{user.pk}"
    _allow(by, {User.Role.SECURITY_ADMIN}, "user.role_changed", target, "调整角色")
    _not_oneself(by, user, "user.role_changed")
    if user.is_system:
        _refuse(by, "user.role_changed", target, "系统账号没有角色。")
    before, before_label = user.role, user.get_role_display()
    user.role = role
    try:
        _raise_all(user.full_clean, _misfit(role, user.organization))
    except ValidationError:
        user.role = before  # the caller's object goes on to be shown
        raise
    with transaction.atomic():
        user.save(update_fields=["role"])
        events.record(
            verb="user.role_changed",
            by=by,
            target=target,
            summary=f"调整角色：{user}，由{before_label}改为{user.get_role_display()}",
            details={"role": role},
        )


def deactivate_user(*, by: User | None, user: User) -> None:
    """The account can no longer log in, its sessions end with the next request. Raises NotAllowed."""
    _set_active(by, user, active=False, verb="user.deactivated", label="停用账号")


def reactivate_user(*, by: User | None, user: User) -> None:
    """The account can log in again, its idle days count anew. Raises NotAllowed."""
    _set_active(by, user, active=True, verb="user.reactivated", label="恢复账号")


def _set_active(by: User | None, user: User, *, active: bool, verb: str, label: str) -> None:
    _allow(by, {User.Role.SYSTEM_ADMIN}, verb, f"directory.user:{user.pk}", label)
    _not_oneself(by, user, verb)
    with transaction.atomic():
        user.is_active = active
        if active:
            user.active_since = timezone.now()
        user.save(update_fields=["is_active", "active_since"])
        events.record(verb=verb, by=by, target=f"directory.user:{user.pk}", summary=f"{label}：{user}")


def _allow(by: User | None, roles: Collection[str], verb: str, target: str, label: str) -> None:
    if by is None or (by.is_active and by.role in roles):
        return
    who = "、".join(str(User.Role(role).label) for role in roles)
    _refuse(by, verb, target, f"{label}只能由{who}进行。")


def _not_oneself(by: User | None, user: User, verb: str) -> None:
    if by is not None and by.pk == user.pk:
        _refuse(by, verb, f"directory.user:{user.pk}", "不能对自己的账号进行这项操作。", OwnAccount)


def _refuse(
    by: User | None, verb: str, target: str, reason: str, error: type[NotAllowed] = NotAllowed
) -> None:
    events.record_refusal(verb=verb, by=by, target=target, summary=f"被拒绝：{reason}")
    raise error(reason)


def _misfit(role: str, organization: Organization | None) -> dict[str, str]:
    """Which unit a role may be at (DOMAIN §7); the error belongs to the unit."""
    if role in User.ADMINISTRATORS:
        return {}
    if organization is None:
        return {"organization": "请选择单位。"}
    if not organization.active:
        return {"organization": f"{organization}已停用，请选择在用的单位。"}
    if role == User.Role.REVIEWER and organization.kind != Organization.Kind.BUREAU:
        return {"organization": "审核员须属于区乡村振兴局。"}
    if (role == User.Role.PARTNER) != (organization.side == Organization.Side.RONGCHENG):
        return {"organization": "荣成方角色须属于荣成方单位，其他角色须属于山亭的单位。"}
    return {}


def _raise_all(check: Callable[[], None], further: dict[str, str]) -> None:
    """Raise what `check` finds and what we know besides in one ValidationError: all errors at once."""
    errors: dict[str, list[str]] = {}
    try:
        check()
    except ValidationError as error:
        errors.update(error.message_dict)
    for name, message in further.items():
        errors.setdefault(name, []).append(message)
    if errors:
        raise ValidationError(errors)
