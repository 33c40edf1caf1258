"""List pages over small and large books, from gunicorn as run.py starts it.

    .venv/bin/python -m benchmarks.lists [--engine sqlite|postgres] [--sizes 1000,100000] [--rounds 20]

Books of every size are served at once; a reviewer and a clerk log in and ask in turn for 填报记录 plain and filtered in
every way, its last page, the queue and the search. Prints a table of medians and, as the last line, JSON: what each takes
over the largest books as a multiple of the smallest. Goal (issue 4): within 2.
"""

from __future__ import annotations

import argparse
import json
import re
from urllib.parse import quote

from benchmarks.served import Asked, Visitor, all_of, timed

GOAL = 2.0
LISTS = {
    "all": "",
    "by date": "sort=date",
    "by amount": "sort=amount",
    "register": "register=fund_flow",
    "register, all columns": "register=fund_flow&all=on",
    "people of a register": "register=training_attendance",
    "state": "state=submitted",
    "state, rare": "state=void",
    "quarter": "period=2022Q1",
    "quarter and register": "period=2022Q1&register=fund_flow",
    "days": "first=2022-02-01&last=2022-02-28",
    "choice": "register=fund_flow&c-event=spend",
    "choice, rare": "register=fund_flow&c-event=adjust",
    "line": "register=fund_flow&c-line=2022-05",
    "text": f"q={quote('管道')}",
    "text, found nowhere": f"q={quote('无此摘要')}",
    "number of a paper": f"q={quote('记-100')}",
    "last page": "page=999999",
    "first page from the end": "sort=oldest",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time list pages.")
    parser.add_argument("--engine", choices=["sqlite", "postgres"], default="postgres")
    parser.add_argument("--sizes", default="1000,100000")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    with all_of(options.engine, sizes) as ports:
        asked = {size: questions(port) for size, port in ports.items()}
        timed([one for listed in asked.values() for one in listed], options.rounds)
    print(f"\n{options.engine}, medians in ms of {options.rounds} interleaved rounds")
    print(f"{'':<36}" + "".join(f"{size:>12,}" for size in sizes) + f"{'ratio':>9}")
    ratios: dict[str, float] = {}
    for row, one in enumerate(asked[sizes[0]]):
        medians = [asked[size][row].median for size in sizes]
        ratios[one.name] = round(medians[-1] / medians[0], 2)
        cells = "".join(f"{median:>12.1f}" for median in medians)
        print(f"{one.name:<36}{cells}{ratios[one.name]:>9.2f}{'' if ratios[one.name] <= GOAL else '  over'}")
    worst = max(ratios.values())
    print(
        json.dumps(
            {"benchmark": "lists", "engine": options.engine, "goal": GOAL, "worst": worst, "ratios": ratios}
        )
    )


def questions(port: int) -> list[Asked]:
    reviewer, clerk = Visitor(port, "shenhe"), Visitor(port, "xuzhuang")
    found = []
    for who, visitor in (("reviewer", reviewer), ("clerk", clerk)):
        found += [
            Asked(f"{who}: {name}", visitor, f"/desk/entries/?{query}") for name, query in LISTS.items()
        ]
        found.append(Asked(f"{who}: search", visitor, f"/desk/search/?q={quote('记-1')}"))
    unit = re.search(r'<option value="(370406106)"', reviewer.get("/desk/entries/").text)
    assert unit is not None
    found.append(Asked("reviewer: unit", reviewer, f"/desk/entries/?unit={unit[1]}"))
    found.append(Asked("reviewer: queue", reviewer, "/desk/review/"))
    return found


if __name__ == "__main__":
    main()
