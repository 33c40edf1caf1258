"""What lights and alerts go by until the bureau says otherwise (DOMAIN §2 Thresholds, §7, §8). Shown as "参照": the rules
they come from do not bind this fund."""

from __future__ import annotations

from ledger.registers import Parameter

TITLE = "看板灯色与预警"
PARAMETERS = (
    Parameter("light_yellow_pp", "亮黄灯：支出率落后序时", 0, "个百分点", "落后不超过这个数的亮绿灯；参照", most=100,
              decimals=2),
    Parameter("light_red_pp", "亮红灯：支出率落后序时", 10, "个百分点", "落后超过这个数的亮红灯；参照", most=100, decimals=2),
    Parameter("year_end_yellow", "年末支出率不低于", 92, "%", "年末低于这个数的亮红灯，未到 100% 的亮黄灯；参照", most=100,
              decimals=2),
    Parameter("return_days", "退回后重新提交", 2, "个工作日", "超过的列为“退回未改”", most=60),
    Parameter("review_days", "提交后审核", 3, "个工作日", "超过的列为“久未审核”", most=60),
)  # fmt: skip
