import django.db.models.deletion
from django.db import migrations, models


def name_receivers(apps, schema_editor):
    """Hand-overs filed before named the receiver as a text: by the plan it is 荣成市人社局."""
    rows = apps.get_model("labor", "RosterHandover").objects.filter(receiver=None)
    if rows.exists():
        units = apps.get_model("directory", "Organization").objects
        rows.update(receiver=units.filter(code="rcrsj").first() or units.filter(kind="partner").first())


class Migration(migrations.Migration):
    dependencies = [
        ("directory", "0002_people"),
        ("labor", "0002_placements_and_rosters"),
    ]

    operations = [
        migrations.RenameField("rosterhandover", "columns", "fields"),
        migrations.AlterField(
            "rosterhandover", "fields", models.CharField(max_length=300, verbose_name="提供的栏目")
        ),
        migrations.RenameField("rosterhandover", "receiver", "receiver_person"),
        migrations.AlterField(
            "rosterhandover",
            "receiver_person",
            models.CharField(blank=True, max_length=100, verbose_name="接收人"),
        ),
        migrations.RemoveField("rosterhandover", "received_on"),
        migrations.AddField(
            "rosterhandover",
            "receiver",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="directory.organization",
                verbose_name="接收单位",
            ),
        ),
        migrations.RunPython(name_receivers, migrations.RunPython.noop),
        migrations.AlterField(
            "rosterhandover",
            "receiver",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="directory.organization",
                verbose_name="接收单位",
            ),
        ),
        migrations.CreateModel(
            name="RosterHandoverLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                (
                    "handover",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="labor.rosterhandover",
                        verbose_name="提供",
                    ),
                ),
                (
                    "roster",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="labor.rosterrow",
                        verbose_name="花名册行",
                    ),
                ),
            ],
            options={
                "verbose_name": "提供的人员",
                "verbose_name_plural": "提供的人员",
                "constraints": [
                    models.UniqueConstraint(fields=("handover", "roster"), name="handover_line_unique")
                ],
            },
        ),
    ]
