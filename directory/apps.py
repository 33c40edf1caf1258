from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "directory"
    verbose_name = "名录"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from directory import checks  # noqa: F401  (importing it registers the check)
