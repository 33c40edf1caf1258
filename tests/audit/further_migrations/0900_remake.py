"""A column added and one altered: on SQLite both remake the table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.AddField("event", "remark", models.CharField(max_length=10, default="")),
        migrations.AlterField("event", "verb", models.CharField(max_length=80)),
    ]
