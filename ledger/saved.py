"""Filters people keep for themselves: a name and the address's filters. Nobody else sees them, and nobody is named."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.http import QueryDict

from directory.identity import holds_number
from directory.models import User
from directory.people import holds_long_number
from ledger.models import SavedFilter
from ledger.refusals import Refusal

MOST = 30


class NotSaved(Refusal):
    """The name is missing, taken or holds somebody's number, or there are enough already."""


def saved_filters(user: User) -> list[SavedFilter]:
    """The user's own, by name."""
    return list(SavedFilter.objects.filter(owner=user).order_by("name"))


def save_filter(*, by: User, name: str, query: QueryDict) -> SavedFilter:
    """Keep `query` (as filters.EntryFilter.query gives it) under `name`; the same name again replaces it. Raises
    NotSaved."""
    name = _checked(name)
    if not query:
        raise NotSaved("还没有筛选条件，请先筛选再保存。")
    if any(holds_number(text) for _, texts in query.lists() for text in texts):
        raise NotSaved("筛选条件里有证件号码或电话，不能保存。")
    kept = SavedFilter.objects.filter(owner=by)
    if kept.count() >= MOST and not kept.filter(name=name).exists():
        raise NotSaved(f"已经保存了 {MOST} 个筛选，请先删去不用的。")
    saved, _ = SavedFilter.objects.update_or_create(
        owner=by, name=name, defaults={"query": query.urlencode()}
    )
    return saved


def rename_filter(*, by: User, pk: int, name: str) -> None:
    """Give one of one's own another name. Raises NotSaved; SavedFilter.DoesNotExist."""
    saved = SavedFilter.objects.get(owner=by, pk=pk)
    saved.name = _checked(name)
    try:
        with transaction.atomic():
            saved.save(update_fields=["name"])
    except IntegrityError:
        raise NotSaved(f"您已有一个叫“{saved.name}”的筛选，请换个名称。") from None


def delete_filter(*, by: User, pk: int) -> None:
    """Take one of one's own away. Raises SavedFilter.DoesNotExist."""
    SavedFilter.objects.get(owner=by, pk=pk).delete()


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise NotSaved("请给这个筛选起个名称。")
    if len(name) > 30:
        raise NotSaved("名称最多 30 个字。")
    if holds_number(name) or holds_long_number(name):
        raise NotSaved("名称里请不要写证件号码或电话。")
    return name
