"""Rights that no role has: given to one user by name by the security administrator, with a reason, and taken back.

`restricted` opens, for a reason each time, who a restricted child is (people.reveal) among the people whose pages the
user's unit and role open anyway; and the files and workbooks of registers that name such children.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, Q
from django.utils import timezone

from audit import events
from directory.actions import NotAllowed
from directory.models import Grant, Person, User

RESTRICTED = Grant.Right.RESTRICTED


def may_see_restricted(user: User) -> bool:
    """Whether the named right is open to `user` now. One query."""
    active = user.is_active and user.is_business and user.role != User.Role.PARTNER
    return active and Grant.objects.filter(user=user.pk, right=RESTRICTED, revoked_at=None).exists()


def not_kept_from(user: User) -> Q:
    """Of people: all but the restricted, whom only a user with the right finds. Part of another query."""
    given = Grant.objects.filter(user=user.pk, right=RESTRICTED, revoked_at=None)
    return Q(is_restricted=False) | Q(Exists(given))


def grant(*, by: User | None, user: User, reason: str) -> Grant:
    """Give `user` the right. Raises NotAllowed (kept in the trail), ValidationError at "reason" or "user"."""
    _allow(by, user, "grant.given")
    reason = _reason(reason)
    if not user.is_active or not user.is_business or user.role == User.Role.PARTNER:
        raise ValidationError({"user": ["只能授给山亭在用的业务账号；管理员和荣成方不看受限儿童资料。"]})
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if Grant.objects.filter(user=user, right=RESTRICTED, revoked_at=None).exists():
            raise ValidationError({"user": ["这位用户已有这项权限。"]})
        given = Grant.objects.create(user=user, right=RESTRICTED, reason=reason, granted_by=by)
        events.record(
            verb="grant.given",
            by=by,
            target=f"directory.user:{user.pk}",
            summary=f"授予“{RESTRICTED.label}”：{user}，理由：{reason}",
            details={"right": RESTRICTED.value, "reason": reason},
        )
    return given


def revoke(*, by: User | None, user: User, reason: str) -> None:
    """Take the right back. Raises NotAllowed (kept in the trail), ValidationError at "reason" or "user"."""
    _allow(by, user, "grant.revoked")
    reason = _reason(reason)
    with transaction.atomic():
        given = Grant.objects.select_for_update().filter(user=user, right=RESTRICTED, revoked_at=None).first()
        if given is None:
            raise ValidationError({"user": ["这位用户没有这项权限。"]})
        given.revoked_by, given.revoked_at, given.revoke_reason = by, timezone.now(), reason
        given.save(update_fields=["revoked_by", "revoked_at", "revoke_reason"])
        events.record(
            verb="grant.revoked",
            by=by,
            target=f"directory.user:{user.pk}",
            summary=f"收回“{RESTRICTED.label}”：{user}，理由：{reason}",
            details={"right": RESTRICTED.value, "reason": reason},
        )


def grants_of(user: User) -> list[Grant]:
    """Every time `user` was given the right, the latest first."""
    rows = Grant.objects.filter(user=user, right=RESTRICTED)
    return list(rows.select_related("granted_by__organization", "revoked_by__organization").order_by("-pk"))


def restrict(*, by: User | None, person_ids: set[int]) -> None:
    """From now on these people are shown as restricted children only. Part of the caller's transaction."""
    fresh = sorted(Person.objects.filter(pk__in=person_ids, is_restricted=False).values_list("pk", flat=True))
    if not fresh:
        return
    with transaction.atomic():
        Person.objects.filter(pk__in=fresh).update(is_restricted=True)
        events.record(
            verb="person.restricted",
            by=by,
            target="directory.person" + (f":{fresh[0]}" if len(fresh) == 1 else ""),
            summary=f"列为受限儿童：{len(fresh)}人",
            details={"people": fresh[:1000]},
        )


def _allow(by: User | None, user: User, verb: str) -> None:
    why = ""
    if by is not None and (not by.is_active or by.role != User.Role.SECURITY_ADMIN):
        why = "专项授权只能由安全管理员进行。"
    elif by is not None and by.pk == user.pk:
        why = "不能对自己的账号进行这项操作。"
    if why:
        target = f"directory.user:{user.pk}"
        events.record_refusal(verb=verb, by=by, target=target, summary=f"被拒绝：{why}")
        raise NotAllowed(why)


def _reason(reason: str) -> str:
    from directory.people import checked_reason  # which asks this file who may look

    return checked_reason(reason)
