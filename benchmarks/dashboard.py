"""The first screen over books of every size, against a bare page of the same size from the same server.

    .venv/bin/python -m benchmarks.dashboard [--engine sqlite|postgres] [--sizes 1000,100000,1000000] [--rounds 40]

Books of every size are served at once by gunicorn as run.py starts it; a leader and a clerk log in and ask, in turn:
the bare page, the first screen (as it is kept, worked out anew, and again with its ETag), a past quarter's, the summary
for scripts, and, as it would be without kept balances, a page that sums and counts at every request. Prints a table of
medians and, as the last line, JSON: what each takes as a multiple of the bare page, and the largest books as a multiple
of the smallest.
"""

from __future__ import annotations

import argparse
import json

from benchmarks.served import Asked, Visitor, all_of, timed

NAIVE_ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the first screen.")
    parser.add_argument("--engine", choices=["sqlite", "postgres"], default="postgres")
    parser.add_argument("--sizes", default="1000,100000,1000000")
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    with all_of(options.engine, sizes) as ports:
        asked = {size: questions(port) for size, port in ports.items()}
        every = [one for listed in asked.values() for one in listed]
        quick = [one for one in every if one.name != "naive"]
        timed(quick, options.rounds)
        timed([one for one in every if one.name == "naive"], min(NAIVE_ROUNDS, options.rounds))
    names = [one.name for one in asked[sizes[0]]]
    print(
        f"\n{options.engine}, medians in ms of {options.rounds} interleaved rounds (in brackets: of the bare page)"
    )
    print(f"{'':<26}" + "".join(f"{size:>22,}" for size in sizes))
    ratios: dict[str, dict[str, float]] = {}
    for row, name in enumerate(names):
        medians = [asked[size][row].median for size in sizes]
        bare = [asked[size][0].median for size in sizes]
        ratios[name] = {str(size): round(m / b, 2) for size, m, b in zip(sizes, medians, bare, strict=True)}
        ratios[name]["largest_of_smallest"] = round(medians[-1] / medians[0], 2)
        cells = "".join(f"{f'{m:.1f} ({m / b:.2f})':>22}" for m, b in zip(medians, bare, strict=True))
        print(f"{name:<26}{cells}   {asked[sizes[-1]][row].size:>8,} bytes")
    print(json.dumps({"benchmark": "dashboard", "engine": options.engine, "ratios": ratios}))


def questions(port: int) -> list[Asked]:
    leader, clerk = Visitor(port, "lingdao"), Visitor(port, "xuzhuang")
    first, summary = leader.get("/overview/"), leader.get("/api/plans/2022/summary")
    size = len(first.body)
    return [
        Asked("bare", leader, f"/bare/?size={size}"),
        Asked("first screen", leader, "/overview/"),
        Asked("first screen, anew", leader, "/overview/", anew=True),
        Asked("first screen, clerk, anew", clerk, "/overview/", anew=True),
        Asked(
            "first screen, unchanged",
            leader,
            "/overview/",
            304,
            {"If-None-Match": first.headers["ETag"] or ""},
        ),
        Asked("first screen of Q2", leader, "/overview/?as_of=2022Q2"),
        Asked("first screen, clerk", clerk, "/overview/"),
        Asked("summary", leader, "/api/plans/2022/summary"),
        Asked(
            "summary, unchanged",
            leader,
            "/api/plans/2022/summary",
            304,
            {"If-None-Match": summary.headers["ETag"] or ""},
        ),
        Asked("naive", leader, f"/naive/?size={size}"),
    ]


if __name__ == "__main__":
    main()
