from django.apps import AppConfig


class MadeUpConfig(AppConfig):
    name = "tests.made_up"
    verbose_name = "虚构台账"
    label = "made_up"
    default_auto_field = "django.db.models.BigAutoField"
