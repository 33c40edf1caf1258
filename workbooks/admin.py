"""django-import-export in the admin: every register out, data of the directory in and out (DESIGN §6).

What goes out or comes in is made from the registers' declarations and the fields of the directory's models. Quarterly
ledgers do not come in here: they have one door, the pages of this app. Files are read in the limited process of child.py
and written by writing.py, not by tablib, so that a hostile file does no more harm here than there, and a text that
looks like a formula goes out as it is, and inert.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar

import tablib
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from import_export.admin import ExportMixin, ImportMixin
from import_export.fields import Field
from import_export.formats.base_formats import Format
from import_export.forms import ConfirmImportForm, ExportForm, ImportForm
from import_export.resources import Diff, ModelResource, Resource
from import_export.tmp_storages import BaseStorage
from import_export.widgets import Widget

from audit.events import record
from directory.access import signed_in
from directory.models import Alias, Division, Organization
from ledger.permissions import may_export_people
from ledger.refusals import Refusal
from ledger.registers import Register, all_registers
from workbooks import storage, writing
from workbooks.exporting import record_export
from workbooks.forms import ReasonForm
from workbooks.reading import read
from workbooks.sheets import text_of
from workbooks.views import XLSX, file_answer

BOTH = "admin/import_export/change_list_import_export.html"
MOST_OUT = 20_000  # rows of one file made within a request
LOST = "文件已过期或已经导入，请重新上传。"


class Excel(Format):  # type: ignore[misc]  # the library has no types
    """An .xlsx going out; coming in, whatever the pages of this app read, of which the first sheet counts."""

    def __init__(self, encoding: str | None = None) -> None:
        """As the library asks for it; there is no encoding here."""

    def get_title(self) -> str:
        return "Excel（.xlsx）"

    def get_extension(self) -> str:
        return "xlsx"

    def get_content_type(self) -> str:
        return XLSX

    def can_import(self) -> bool:
        return True

    def can_export(self) -> bool:
        return True

    def create_dataset(self, in_stream: bytes) -> Any:
        """The rows below the first, as texts. Raises UnreadableFile."""
        rows = [cells for sheet in read(in_stream)[:1] for _, cells in sheet.rows]
        texts = [[_text(cell) for cell in cells] for cells in rows]
        headings = texts[0] if texts else []
        dataset = tablib.Dataset(headers=headings)
        for row in texts[1:]:
            dataset.append([*row, *[""] * len(headings)][: len(headings)])
        return dataset

    def export_data(self, dataset: Any, **kwargs: Any) -> bytes:
        return writing.table(dataset.title or "导出", dataset.headers, dataset)


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():  # a code typed as a number
        return str(int(cell))
    return text_of(cell).strip()


class Waiting(BaseStorage):  # type: ignore[misc]
    """A file between preview and confirmation: encrypted, as those of this app's pages."""

    def save(self, data: bytes) -> None:
        self.name = storage.put_pending(data)

    def read(self) -> bytes:
        return storage.get_pending(self.name)

    def remove(self) -> None:
        storage.drop_pending(self.name)


# --- out --------------------------------------------------------------------------------------------------------------


class OutForm(ExportForm):  # type: ignore[misc]
    """Nothing is asked: the list's filters say what goes out."""


class OutForReasonForm(ReasonForm, ExportForm):  # type: ignore[misc]
    """A list that names people goes out for a reason only, which is kept (DOMAIN §6)."""


class Out(ExportMixin):  # type: ignore[misc]
    """The list as it is filtered, as a file; each one is kept in the audit trail."""

    export_formats: ClassVar = [Excel]
    names_people = False

    def has_export_permission(self, request: HttpRequest) -> bool:
        may = self.has_view_permission(request)
        return may and (not self.names_people or may_export_people(signed_in(request)))

    def get_export_form_class(self) -> type[ExportForm]:
        return OutForReasonForm if self.names_people else OutForm

    def get_export_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_export_queryset(request)
        return rows.select_related("entry__filed_for") if hasattr(self, "register") else rows

    def get_valid_export_item_pks(self, request: HttpRequest) -> list[int]:
        """Rows are chosen by the list's filters only."""
        return []

    def _do_file_export(
        self, file_format: Excel, request: HttpRequest, queryset: Any, export_form: Any = None
    ) -> HttpResponse:
        name = str(self.model._meta.verbose_name)
        count = queryset.count()
        if count > MOST_OUT:
            raise ValueError(f"有 {count:,} 行，一个文件最多 {MOST_OUT:,} 行，请先在列表里筛选，再导出。")
        reason = export_form.cleaned_data.get("reason", "") if export_form else ""
        with transaction.atomic():
            data = self.get_export_data(file_format, request, queryset, export_form=export_form)
            record_export(
                by=signed_in(request),
                target=self.model._meta.label_lower,
                said=f"在后台导出“{name}”",
                rows=count,
                data=data,
                reason=reason,
            )
        return file_answer(data, f"{name}.xlsx", XLSX)


class RegisterResource(Resource):  # type: ignore[misc]
    """The rows of a register, every submitted version, personal columns masked as in published lists."""

    register: Register

    @classmethod
    def get_display_name(cls) -> str:
        return cls.register.name

    def export_resource(self, instance: Any, selected_fields: Any = None, **kwargs: Any) -> list[Any]:
        shown = self.register.values(instance, published=True)
        entry = instance.entry
        cells = [writing.content(column, instance, shown[column.name]) for column in self.register.columns]
        return [instance.entry_id, instance.version, str(entry.filed_for), entry.get_state_display(), *cells]

    def get_export_headers(self, selected_fields: Any = None) -> list[str]:
        own = [writing.heading_of(column) for column in self.register.columns]
        return ["记录号", "版本", "填报单位", "状态", *own]

    def get_user_visible_fields(self) -> list[Field]:
        return [Field(column_name=heading) for heading in self.get_export_headers()]


def resource_of(register: Register) -> type[RegisterResource]:
    """The Resource that the register's declaration makes."""
    return type(f"{register.code}_resource", (RegisterResource,), {"register": register})


# --- in ---------------------------------------------------------------------------------------------------------------


class Text(Widget):  # type: ignore[misc]
    """A text as it stands."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        return str(value or "")

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else str(value)


class Day(Text):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> date | None:
        if not value:
            return None
        try:
            return date.fromisoformat(str(value)[:10])
        except ValueError:
            raise ValueError("请写 2022-03-01 这样的日期。") from None


class YesNo(Text):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool:
        if value not in ("是", "否"):
            raise ValueError("请填“是”或“否”。")
        return bool(value == "是")

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "是" if value else "否"


class Choice(Text):
    """The words of a choice instead of its codes."""

    def __init__(self, choices: Sequence[tuple[Any, Any]]) -> None:
        super().__init__()
        self.words = {str(value): str(label) for value, label in choices}

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        found = [code for code, word in self.words.items() if word == value]
        if not found:
            raise ValueError(f"没有“{value}”这一项，可填：{'、'.join(self.words.values())}。")
        return found[0]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return self.words.get(str(value), "")


class Code(Text):
    """A division or a unit by its code. All are looked up together, for one import."""

    def __init__(self, model: type[models.Model]) -> None:
        super().__init__()
        self.model = model
        self.known: dict[str, Any] = {}

    def look_up(self) -> None:
        rows: Any = self.model._default_manager.all()
        self.known = {row.code: row for row in rows}

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        if not value:
            return None
        if str(value) not in self.known:
            raise ValueError(f"没有代码为 {value} 的{self.model._meta.verbose_name}，请核对，或先导入它。")
        return self.known[str(value)]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return value.code if value is not None else ""


def field_of(field: models.Field[Any, Any]) -> Field:
    """The column of a file that the model's field is."""
    label = str(field.verbose_name)
    widget: Widget
    if field.is_relation:
        assert isinstance(field.related_model, type)
        widget, label = Code(field.related_model), f"{label}代码"
    elif field.choices:
        widget = Choice(list(field.flatchoices))
    elif isinstance(field, models.BooleanField):
        widget = YesNo()
    else:
        widget = Day() if isinstance(field, models.DateField) else Text()
    return Field(attribute=field.name, column_name=label, widget=widget)


class Changes(Diff):  # type: ignore[misc]
    """Old and new of every cell, without the library's colours written into the page, which our policy forbids."""

    def as_html(self) -> list[SafeString]:
        return [_change("" if self.new else old, new) for old, new in zip(self.left, self.right, strict=True)]


def _change(old: str, new: str) -> SafeString:
    if old == new:
        return format_html("{}", new)
    return format_html("<del>{}</del> <ins>{}</ins>", old, new) if old else format_html("<ins>{}</ins>", new)


class DirectoryResource(ModelResource):  # type: ignore[misc]
    """Data of the directory: found by its code, checked as by its form, all rows or none, nothing deleted."""

    fixed: ClassVar[tuple[str, ...]] = ()  # fields that stay what they are once the row is there

    @classmethod
    def get_display_name(cls) -> str:
        return str(cls._meta.model._meta.verbose_name)

    @classmethod
    def get_diff_class(cls) -> type[Changes]:
        return Changes

    def key_of(self, instance: Any) -> tuple[str, ...]:
        """By what a row is known again."""
        return (instance.code,)

    def key_of_row(self, row: Any) -> tuple[str, ...]:
        """The same, of a row of the file."""
        return (row[self.fields["code"].column_name],)

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        pointers = [name for name, field in self.fields.items() if isinstance(field.widget, Code)]
        for name in pointers:
            self.fields[name].widget.look_up()
        self.rows = {self.key_of(one): one for one in self.get_queryset().select_related(*pointers)}

    def get_instance(self, instance_loader: Any, row: Any) -> Any:
        return self.rows.get(self.key_of_row(row))

    def after_init_instance(self, instance: Any, new: bool, row: Any, **kwargs: Any) -> None:
        self.new = new
        self.kept = {} if new else {name: getattr(instance, name) for name in self.fixed}

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        """As the form does it, which does not offer everything. Raises ValidationError."""
        errors = dict(import_validation_errors or {})
        for name, value in self.kept.items():
            if getattr(instance, name) != value:
                errors[name] = ValidationError("建立后不能再改：导入的表格和各项数字按它认。")
        super().validate_instance(instance, errors, validate_unique)

    def before_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        name = instance._meta.verbose_name
        if not kwargs["may_add" if self.new else "may_change"]:
            raise ValidationError(f"您不能在这里{'新增' if self.new else '修改'}{name}。")

    def after_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        self.rows[self.key_of(instance)] = instance
        for field in self.fields.values():
            if isinstance(field.widget, Code) and field.widget.model is type(instance):
                field.widget.known[self.key_of(instance)[0]] = instance  # a later row may point at it
        if kwargs["dry_run"]:
            return
        meta = instance._meta
        record(
            verb=f"{meta.model_name}.{'created' if self.new else 'changed'}",
            by=kwargs["user"],
            target=f"{meta.label_lower}:{instance.pk}",
            summary=f"在后台导入，{'新增' if self.new else '修改'}{meta.verbose_name}：{instance}",
        )


class AliasResource(DirectoryResource):
    """An alias is known by what it is compared by; two towns may call different villages alike."""

    def key_of(self, instance: Any) -> tuple[str, ...]:
        village = instance.division.code if instance.kind == Alias.Kind.VILLAGE and instance.division else ""
        return instance.kind, instance.normalized, village

    def key_of_row(self, row: Any) -> tuple[str, ...]:
        columns = {name: field.column_name for name, field in self.fields.items()}
        kinds = {label: value for value, label in Alias.Kind.choices}
        kind = kinds.get(row[columns["kind"]], "")
        village = row.get(columns["division"], "") if kind == Alias.Kind.VILLAGE else ""
        return kind, Alias.normalize(kind, row[columns["text"]]), village


def directory_resource(
    model: type[models.Model],
    key: Sequence[str],
    base: type[DirectoryResource] = DirectoryResource,
    **more: Any,
) -> type[DirectoryResource]:
    """The Resource that the model's fields make; `key`: those by which a row is known again."""
    fields = [f for f in model._meta.concrete_fields if f.editable and not f.primary_key]
    names = tuple(field.name for field in fields)
    options = {
        "model": model,
        "fields": names,
        "import_order": names,
        "export_order": names,
        "import_id_fields": tuple(key),
        "clean_model_instances": True,
        "use_transactions": True,
        "skip_unchanged": True,
        "report_skipped": True,
    }
    columns = {field.name: field_of(field) for field in fields}
    made = {"Meta": type("Meta", (), options), **columns, **more}
    return type(f"{model.__name__}Resource", (base,), made)


class InForm(ImportForm):  # type: ignore[misc]
    """Which file; it is read, and its headings are looked at, before anything is kept of it."""

    def __init__(self, formats: Any, resources: Any, **kwargs: Any) -> None:
        super().__init__(formats, resources, **kwargs)
        self.resource = resources[0]
        field = self.fields["import_file"]
        field.label, field.widget.attrs["accept"] = "文件", ".xlsx,.xls,.csv"
        field.help_text = "第一行是栏目名。最方便的做法：先点“导出”，在导出的表里改或在后面加，再导入。"
        self.fields["format"].widget = self.fields["format"].hidden_widget()

    def clean_import_file(self) -> Any:
        file = self.cleaned_data["import_file"]
        try:
            dataset = Excel().create_dataset(file.read())
        except Refusal as refusal:
            raise ValidationError(refusal.message) from None
        file.seek(0)
        headings, fields = list(dataset.headers or []), self.resource.fields
        known = {field.column_name for field in fields.values()}
        missing = [fields[name].column_name for name in self.resource._meta.import_id_fields]
        missing = [name for name in missing if name not in headings]
        strange = [name for name in headings if name not in known]
        if missing:
            raise ValidationError(f"第一行缺少栏目：{'、'.join(missing)}。")
        if strange:
            raise ValidationError(f"不认识的栏目：{'、'.join(strange)[:200]}。请删去，或按导出的表改名。")
        if len(set(headings)) < len(headings):
            raise ValidationError("第一行有重复的栏目，请只留一个。")
        if not len(dataset):
            raise ValidationError("除第一行外没有内容。")
        return file


class ConfirmForm(ConfirmImportForm):  # type: ignore[misc]
    """What the preview sends back; there is one format."""

    def clean_format(self) -> str:
        return "0"


class In(ImportMixin):  # type: ignore[misc]
    """A file in: looked at first, then all of it or nothing; each row changed leaves an event."""

    import_formats: ClassVar = [Excel]
    import_form_class = InForm
    confirm_form_class = ConfirmForm
    tmp_storage_class = Waiting
    skip_admin_log = True  # the audit trail keeps it
    import_template_name = "workbooks/admin_import.html"

    def has_import_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_add_permission(request) or self.has_change_permission(request))

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        request = kwargs["request"]
        return {
            "rollback_on_validation_errors": True,
            "may_add": self.has_add_permission(request),
            "may_change": self.has_change_permission(request),
        }

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            answer: HttpResponse = super().process_import(request, **kwargs)
        except storage.NoSuchFile:
            messages.warning(request, LOST)
            return redirect("admin:{}_{}_import".format(*self.get_model_info()))
        return answer

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        if result.has_errors() or result.has_validation_errors():
            messages.error(request, "预览之后名录有了变化，什么都没有写入。请重新上传核对。")
            return redirect("admin:{}_{}_import".format(*self.get_model_info()))
        answer: HttpResponse = super().process_result(result, request)
        return answer

    def add_success_message(self, result: Any, request: HttpRequest) -> None:
        done = result.totals
        name = self.model._meta.verbose_name
        messages.success(
            request, f"已导入{name}：新增 {done['new']} 行，修改 {done['update']} 行，其余没有变化。"
        )


# --- the admin's pages that get it ------------------------------------------------------------------------------------


def again(model: type[models.Model], *mixins: type, **more: Any) -> None:
    """Give the admin's page of a model further abilities."""
    page = type(admin.site.get_model_admin(model))
    admin.site.unregister(model)
    admin.site.register(model, type(page.__name__, (*mixins, page), more))


def _register_pages() -> None:
    for register in all_registers().values():
        if register.columns:
            again(
                register.model,
                Out,
                resource_classes=[resource_of(register)],
                names_people=register.is_personal,
                list_filter=("entry__state", ("entry__filed_for", admin.RelatedOnlyFieldListFilter)),
            )
    for model, resource in (
        (Division, directory_resource(Division, ["code"])),
        (Organization, directory_resource(Organization, ["code"], fixed=("kind", "side"))),
        (Alias, directory_resource(Alias, ["kind", "text"], AliasResource)),
    ):
        again(model, In, Out, resource_classes=[resource], import_export_change_list_template=BOTH)


_register_pages()
