"""项目建设 (DOMAIN §3, §4.2–4.3): one file a subject; what each model is stands at the head of its file."""

from projects.models.hope_room import HopeRoom
from projects.models.papers import Asset, Notice, Work, ZoneMember
from projects.models.progress import Progress
from projects.models.project import Project
from projects.models.pv import PvShare, PvStation, PvYield

__all__ = [
    "Asset",
    "HopeRoom",
    "Notice",
    "Progress",
    "Project",
    "PvShare",
    "PvStation",
    "PvYield",
    "Work",
    "ZoneMember",
]
