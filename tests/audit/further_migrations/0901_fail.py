"""Fails after it has remade the table."""

from typing import Any

from django.db import migrations, models


def fail(apps: Any, schema_editor: Any) -> None:
    raise ZeroDivisionError


class Migration(migrations.Migration):
    dependencies = [("audit", "0900_remake")]
    operations = [
        migrations.AlterField("event", "verb", models.CharField(max_length=90)),
        migrations.RunPython(fail),
    ]
