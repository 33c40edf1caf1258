from django.apps import AppConfig


class RongshanConfig(AppConfig):
    name = "rongshan"
    verbose_name = "荣成—山亭协作帮扶台账"
