"""Projects filed before concern their 实施单位 too: the unit sees them, and what followed or took them back."""

from collections import defaultdict

from django.db import migrations


def add_concerns(apps, schema_editor):
    Entry = apps.get_model("ledger", "Entry")
    Concern = apps.get_model("ledger", "EntryConcern")
    Project = apps.get_model("projects", "Project")
    units = defaultdict(set)
    versions = dict(Entry._base_manager.filter(register="project").values_list("pk", "version"))
    for entry, version, unit in Project._base_manager.values_list("entry_id", "version", "implementer_id"):
        if versions.get(entry) == version:
            units[entry].add(unit)
    ground = Entry._base_manager.filter(register="project").order_by("pk")
    for pk, corrects, follows in ground.values_list("pk", "corrects_id", "follows_id"):
        units[pk] |= units[corrects] | units[follows]  # whom it concerned, its being followed concerns
    Concern._base_manager.bulk_create(
        [Concern(entry_id=pk, organization_id=unit) for pk in sorted(versions) for unit in sorted(units[pk])],
        ignore_conflicts=True,
        batch_size=500,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0004_records"),
        ("ledger", "0010_saved_filters"),
    ]

    operations = [migrations.RunPython(add_concerns, migrations.RunPython.noop)]
