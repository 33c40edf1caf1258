"""项目 and what belongs to it, as the ledger, the desk and the workbooks know it (DESIGN §4; DOMAIN §3, §4.2–4.3)."""

from __future__ import annotations

from ledger.registers import Register
from projects.hope_rooms import HOPE_ROOM
from projects.project import PROJECT
from projects.pv import PV_SHARE, PV_STATION, PV_YIELD

REGISTERS: list[Register] = [
    PROJECT,
    HOPE_ROOM,
    PV_STATION,
    PV_YIELD,
    PV_SHARE,
]
