from django.apps import AppConfig


class KillConfig(AppConfig):
    name = "tests.ledger.kill"
    label = "kill"
    default_auto_field = "django.db.models.BigAutoField"
