"""How the desk's templates write states, amounts, fields and overdue days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, Form, Select, Textarea
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from desk import forms
from ledger import lists
from ledger.filings import FilingState
from ledger.models import Entry
from ledger.money import AmountError, parse_amount, wan
from ledger.money import yuan as yuan_of
from ledger.registers import Register, name_of

register = template.Library()

STATE_CLASS = {
    Entry.State.SUBMITTED: "state-wait",
    Entry.State.RETURNED: "state-bad",
    Entry.State.WITHDRAWN: "state-idle",
    Entry.State.APPROVED: "state-ok",
    Entry.State.VOID: "state-idle",
}
FILING_CLASS = {
    "not_filed": "state-warn",
    "nil": "state-idle",
    "returned": "state-bad",
    "submitted": "state-wait",
    "approved": "state-ok",
}


@register.filter
def yuan(fen: int | None) -> str:
    """ "125,000.00", or "—" where there is no amount."""
    return "—" if fen is None else yuan_of(fen)


@register.filter
def amount(entry: Entry) -> str:
    """ "125,000.00 元", "30 人次", in the unit its register declares; "—" where there is no amount."""
    return lists.quantity(entry) or "—"


@register.filter
def register_name(code: str) -> str:
    """A register's Chinese name."""
    return name_of(code)


@register.simple_tag
def entry_state(entry: Entry) -> SafeString:
    """The entry's state as a word and a sign."""
    label, css = lists.state_text(entry), STATE_CLASS[Entry.State(entry.state)]
    if label != entry.get_state_display():  # approved, and no longer in force
        css = "state-idle"
    return format_html('<span class="state {}">{}</span>', css, label)


@register.simple_tag
def filing_state(state: FilingState) -> SafeString:
    """A filing's state as a word and a sign; overdue is bad whatever else."""
    css = "state-bad" if state.is_overdue else FILING_CLASS[state.code]
    return format_html('<span class="state {}">{}</span>', css, state.label)


@register.filter
def due_words(due_on: date, today: date) -> str:
    """ "今天到期", "还有 3 天", "已逾期 12 天"."""
    days = (due_on - today).days
    if days == 0:
        return "今天到期"
    return f"还有 {days:,} 天" if days > 0 else f"已逾期 {-days:,} 天"


@register.filter
def waited(since: datetime, today: date) -> str:
    """ "今天", "1 天", "12 天": how long something has waited on `today`."""
    days = (today - timezone.localdate(since)).days
    return f"{days:,} 天" if days > 0 else "今天"


@register.filter
def file_size(size: int) -> str:
    """ "12 KB", "3.4 MB"."""
    return f"{size / 1024 / 1024:.1f} MB" if size >= 1024 * 1024 else f"{max(size // 1024, 1)} KB"


@register.filter
def control(field: BoundField, label: str = "") -> SafeString:
    """The field's control with the style of its kind; `label` where no <label> names it.

    Django itself adds aria-describedby and aria-invalid.
    """
    widget = field.field.widget
    css = "form-control"
    if isinstance(widget, Select):
        css = "form-select"
    elif isinstance(widget, CheckboxInput):
        css = "form-check-input"
    if widget.attrs.get("inputmode") == "decimal":
        css += " money"
    attrs: dict[str, bool | str] = {"class": f"{css} is-invalid" if field.errors else css}
    if label:
        attrs["aria-label"] = label
    return field.as_widget(attrs=attrs)


@register.filter
def companion(field: BoundField) -> BoundField | None:
    """The field that says in which unit this one is typed (`amount_unit` of `amount`), if the form has one."""
    name = f"{field.name}_unit"
    return field.form[name] if name in field.form.fields else None


@register.simple_tag
def form_parts(form: Form, of: Register, remarks: Mapping[str, Any]) -> list[forms.Part]:
    """The form's fields, in the parts that its register lays out."""
    return forms.parts(form, of, remarks or {})


@register.filter
def amount_echo(field: BoundField) -> str:
    """What an amount as typed comes to, in 元 and 万元; "" if it cannot be read. Works without scripts."""
    typed = field.value()
    unit = companion(field)
    if not typed:
        return ""
    try:
        fen = parse_amount(str(typed), str(unit.value() if unit else "") or "元")
    except AmountError:
        return ""
    return f"= {yuan_of(fen)} 元（{wan(fen)} 万元）"


@register.filter
def is_long(field: BoundField) -> bool:
    """Whether the field needs the whole width."""
    return isinstance(field.field.widget, Textarea)


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """mapping[key], or ""."""
    return mapping.get(key, "") if mapping else ""


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """The current address's query string with some parameters changed; None removes one."""
    params = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            params.pop(name, None)
        else:
            params[name] = str(value)
    return f"?{params.urlencode()}" if params else "?"
