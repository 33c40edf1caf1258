from django.apps import AppConfig


class AidConfig(AppConfig):
    name = "aid"
    verbose_name = "产业合作和社会帮扶"
