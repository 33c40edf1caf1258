"""django-import-export as a peer, run by import.py with benchmarks/.venv's Python: `peer_import_export.py URL FILE`.

URL is a PostgreSQL address or sqlite:///PATH. Prints one line of JSON: the seconds that FILE takes as the admin imports
it (read, dry run, read again, real run, one look-up by number a row) and in one pass with every option that makes it
faster (use_bulk, no diffs, no look-up). No rule is checked, no person made, no book kept.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import django
from django.conf import settings

address, path = sys.argv[1], sys.argv[2]
url = urlsplit(address)
database: dict[str, Any] = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": address.removeprefix("sqlite:///"),
}
if not address.startswith("sqlite:"):
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.path[1:],
        "USER": url.username,
        "HOST": parse_qs(url.query)["host"][0],
    }
settings.configure(
    DATABASES={"default": database},
    INSTALLED_APPS=["django.contrib.contenttypes", "import_export"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

from django.db import connection, models  # noqa: E402
from import_export import fields, resources, widgets  # noqa: E402
from import_export.formats.base_formats import XLSX  # noqa: E402


class Course(models.Model):
    number = models.CharField(max_length=40, unique=True)

    class Meta:
        app_label = "import_export"

    def __str__(self) -> str:
        return self.number


class Attendance(models.Model):
    serial = models.IntegerField(unique=True)
    course = models.ForeignKey(Course, models.PROTECT, null=True)
    course_no = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    sex = models.CharField(max_length=10)
    id_number = models.CharField(max_length=20)
    division = models.CharField(max_length=60)
    category = models.CharField(max_length=40)
    phone = models.CharField(max_length=20)
    qualified = models.CharField(max_length=10)
    subsidy = models.IntegerField(null=True)
    note = models.CharField(max_length=200)

    class Meta:
        app_label = "import_export"

    def __str__(self) -> str:
        return f"{self.serial}"


NAMED = {
    "serial": "序号",
    "name": "姓名",
    "sex": "性别",
    "id_number": "身份证号",
    "division": "镇村",
    "category": "人员类别",
    "phone": "电话",
    "qualified": "是否合格",
    "subsidy": "补贴（元）",
    "note": "备注",
}


class Stock(resources.ModelResource):
    course = fields.Field("course", "班次", widgets.ForeignKeyWidget(Course, "number"))

    class Meta:
        model = Attendance
        fields = ("course", *NAMED)
        import_id_fields = ("serial",)

    def __init__(self) -> None:
        super().__init__()
        for name, heading in NAMED.items():
            self.fields[name].column_name = heading


class Fastest(Stock):
    course = fields.Field("course_no", "班次")

    class Meta(Stock.Meta):
        use_bulk = True
        batch_size = 1_000
        skip_diff = True
        skip_html_diff = True
        force_init_instance = True
        use_transactions = True


def imported(resource: Any, data: bytes, dry_run: bool) -> None:
    result = resource.import_data(XLSX().create_dataset(data), dry_run=dry_run, raise_errors=True)
    assert not result.has_errors()


def main() -> None:
    data = Path(path).read_bytes()
    with connection.schema_editor() as editor:
        editor.create_model(Course)
        editor.create_model(Attendance)
    Course.objects.create(number="2022-PX-01")
    took = {}
    began = time.perf_counter()
    imported(Stock(), data, True)
    imported(Stock(), data, False)
    took["stock"] = time.perf_counter() - began
    rows = Attendance.objects.count()
    Attendance.objects.all().delete()
    began = time.perf_counter()
    imported(Fastest(), data, False)
    took["fastest"] = time.perf_counter() - began
    assert Attendance.objects.count() == rows > 0
    print(json.dumps(took))


main()
