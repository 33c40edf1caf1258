"""Lists for the administrators' screens."""

from __future__ import annotations

import datetime

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest

from directory.models import Organization, User


def users(
    *,
    now: datetime.datetime,
    text: str = "",
    organization: Organization | None = None,
    state: str = "",
    idle_days: int = 90,
) -> QuerySet[User]:
    """People's accounts by unit and name, units loaded. `text`: part of the name or of the log-in name;
    `state`: "active", "inactive", "idle" (may log in, but has not for `idle_days`), "" for all.
    """
    found = User.objects.filter(is_system=False).select_related("organization")
    if text:
        found = found.filter(Q(full_name__icontains=text) | Q(username__icontains=text))
    if organization is not None:
        found = found.filter(organization=organization)
    if state:
        found = found.filter(is_active=state != "inactive")
    if state == "idle":
        used = Greatest("active_since", Coalesce("last_login", "active_since"))
        found = found.annotate(used=used).filter(used__lte=now - datetime.timedelta(days=idle_days))
    # Administrators, who have no unit, first: said, because the engines differ in where they sort "none".
    side = F("organization__side").desc(nulls_first=True)
    return found.order_by(side, "organization__kind", "organization__code", "username")


def organizations() -> QuerySet[Organization]:
    """All units, each with `people`: how many accounts of it may log in."""
    return (
        Organization.objects.select_related("division")
        .annotate(people=Count("users", filter=Q(users__is_active=True)))
        .order_by("-side", "kind", "code")  # 山亭 first
    )
