from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0013_indexes_asked_for")]

    operations = [
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["-occurred_on", "-id"], name="entry_by_day"),
        ),
    ]
