"""What the demonstration tells of 希望小屋 and 光伏, through actions only: 17 rooms chosen by June, one given up in August and
its place asked for again, eight accepted; a station whose income is used. Every child and guardian is invented.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from directory import rights
from directory.identity import INVENTED, check_character
from directory.models import Division
from ledger import actions
from ledger.models import BudgetLine, Entry
from ledger.registers import Register
from projects.hope_rooms import HOPE_ROOM
from projects.models import HopeRoom
from projects.pv import PV_SHARE, PV_STATION, PV_YIELD

State = HopeRoom.State
SIGNS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未"
DIFFICULTIES = ("allowance", "lifted", "monitored", "unraised", "disabled", "orphan")
RELATIONS = ("father", "mother", "grandparent", "maternal", "relative", "grandparent")
CHECKS: dict[str, Any] = {
    "nominated_on": date(2022, 3, 15),
    "nominated_by": "提报演示",
    "visited_on": date(2022, 3, 25),
    "visited_by": "回访演示",
    "checked_on": date(2022, 4, 10),
    "checked_by": "复核演示",
    "selected_on": date(2022, 5, 18),
    "selected_by": "评审演示",
}
BUILT: dict[str, Any] = {
    "works": "地面、墙面、电路、床、书桌、灯",
    "contractor": "山亭区演示装饰有限公司",
    "funding": "协作资金",
    "started_on": date(2022, 7, 11),
    "completed_on": date(2022, 7, 29),
    "volunteers": "团区委演示志愿服务队",
}


class Story:
    """`year` is the demonstration's: its cast, its reviewers, its papers."""

    def __init__(self, year: Any) -> None:
        self.year = year
        self.towns = list(
            Division.objects.filter(level="township", parent__code="370406").order_by("code")[:10]
        )
        self.chosen: list[Entry] = []

    # --- rooms --------------------------------------------------------------------------------------------------

    def choose_rooms(self) -> None:
        """17 children by June; one reviewer is let in to look at them."""
        rights.grant(
            by=self.year.cast["anquan"], user=self.year.cast["fuhe"], reason="负责希望小屋审核和回访（演示）"
        )
        self.chosen = [self._room(n, "2022-06-02", State.SELECTED) for n in range(17)]

    def build_rooms(self) -> None:
        """Eight are accepted; one family moved away, and the place is free again."""
        for n in range(8):
            accepted: dict[str, Any] = {
                **BUILT,
                "cost": 850_000 + 25_000 * n,
                "accepted_on": date(2022, 8, 5),
            }
            self._room(n, "2022-08-09", State.ACCEPTED, after=self.chosen[n], **accepted)
        gone: dict[str, Any] = {
            "cancelled_on": date(2022, 8, 15),
            "cancel_reason": "全家迁往外地，监护人书面放弃",
        }
        self._room(16, "2022-08-16", State.CANCELLED, after=self.chosen[16], **gone)

    def wait_for_rooms(self) -> None:
        """A child in the free place and two more acceptances wait for review."""
        self._room(17, "2022-11-10", State.SELECTED, approve=False, selected_on=date(2022, 11, 8))
        for n in (8, 9):
            accepted: dict[str, Any] = {**BUILT, "cost": 900_000, "accepted_on": date(2022, 11, 21)}
            self._room(n, "2022-11-23", State.ACCEPTED, after=self.chosen[n], approve=False, **accepted)

    def _room(
        self, n: int, on: str, state: State, *, after: Entry | None = None, approve: bool = True, **more: Any
    ) -> Entry:
        first17 = f"{INVENTED}{2009 + n % 5}0915{700 + n}"
        values = {
            "name": f"演示童{SIGNS[n]}",
            "id_number": first17 + check_character(first17),
            "division": self.towns[n % len(self.towns)],
            "category": ("lifted", "unstable", "marginal", "lifted", "ordinary")[n % 5],
            "guardian_name": f"演示长辈{SIGNS[n]}",
            "guardian_phones": f"1390000{7000 + n}",
            "relation": RELATIONS[n % 6],
            "consent_on": date(2022, 3, 14),
            "difficulty": DIFFICULTIES[n % 6],
            "state": state.value,
            **CHECKS,
            **more,
        }
        return self._filed(HOPE_ROOM, "tuanwei", on, values, after=after, approve=approve)

    # --- photovoltaics ------------------------------------------------------------------------------------------

    def connect_station(self) -> None:
        """别庄村's station, and its first two months."""
        village = Division.objects.get(code="370406108207")
        station = {
            "name": "别庄村光伏电站（演示）",
            "number": "DEMO-370406-01",
            "line": BudgetLine.objects.get(code="2022-02"),
            "place": village,
            "kind": "one",
            "capacity": Decimal("170.00"),
            "modules": "540 瓦组件 315 块，逆变器 2 台",
            "grid_on": date(2022, 7, 28),
            "feed": "all",
            "owner": "别庄村股份经济合作社（演示）",
            "shares": "冯卯镇别庄村 100%",
            "keeper": "枣庄演示新能源有限公司",
        }
        self.station = self._filed(PV_STATION, "fengmao", "2022-08-01", station)
        self._month("2022-09-20", "2022-08", "21430.50", received_on=date(2022, 9, 15))

    def use_income(self) -> None:
        """Its autumn; what came in is used, and one use waits."""
        self._month("2022-10-20", "2022-09", "19876.00", received_on=date(2022, 10, 17))
        self._month("2022-11-18", "2022-10", "17205.30")
        for kind, amount, what, approve in (
            ("wages", 600_000, "护路、保洁公益岗位三个月工资", True),
            ("rewards", 240_000, "好婆媳、好邻居奖励", True),
            ("upkeep", 120_000, "组件清洗和巡检", False),
        ):
            use = {
                "station": self.station,
                "given_on": date(2022, 11, 25),
                "kind": kind,
                "amount": amount,
                "used_for": what,
                "plan_no": "冯政备〔2022〕3号",
                "is_public": True,
            }
            self._filed(PV_SHARE, "fengmao", "2022-11-28", use, approve=approve)

    def _month(self, on: str, month: str, energy: str, **more: Any) -> None:
        made = Decimal(energy)
        values = {
            "station": self.station,
            "month": month,
            "generated": made,
            "on_grid": made - 30,
            "price": Decimal("0.3949"),
            "income": round((made - 30) * Decimal("39.49")),
            **more,
        }
        self._filed(PV_YIELD, "fengmao", on, values)

    # --- how anything is told -----------------------------------------------------------------------------------

    def _filed(
        self,
        register: Register,
        who: str,
        on: str,
        values: dict[str, Any],
        *,
        after: Entry | None = None,
        approve: bool = True,
    ) -> Entry:
        """File a row, or the next step of `after`, as its form would; approved the same day by default."""
        day, user = date.fromisoformat(on), self.year.cast[who]
        assert register.make is not None
        (made,) = register.make([values], user, day)
        assert made.row is not None, made.errors
        papers = self.year.proof(who, f"{register.code} {on}")
        if after is None:
            entry = actions.submit(by=user, on=day, register=register, row=made.row, evidence=papers)
        else:
            entry = actions.step(by=user, on=day, entry=after, row=made.row, evidence=papers)
        if approve:
            actions.approve(by=self.year.shen, on=day, entry=entry, version=1)
        return Entry.objects.unscoped("演示").select_related("filed_for", "subject").get(pk=entry.pk)
