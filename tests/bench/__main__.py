# SPDX-License-Identifier: Apache-2.0
"""`script/bench`: bring up a platform, measure, keep the results, take the platform down."""

from __future__ import annotations

import argparse
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack

from lab import Lab
from provision import ROOT, Play, platform

from bench import against, agent, api, databases, flat, health, names, report, scaling, server, site
from bench.conditions import conditions
from bench.result import Result, load
from bench.tasks import Tasks, timed_tasks

RESULTS = ROOT / "build" / "bench"
PAGE = ROOT / "docs" / "performance.md"
# In this order on the page, and measured in this order: the quiet one first, and last the one that replaces hosts.
FIGURES = ("agent", "server", "api", "databases", "flat", "health", "scaling", "names", "site")
ALONE = ("api", "databases", "flat", "health")  # need no hosts


def measurements(first: Play, tasks: Tasks) -> dict[str, Callable[[Lab, int], Result]]:
    return {
        "agent": agent.measure,
        "server": server.measure,
        "scaling": scaling.measure,
        "names": names.measure,
        "site": lambda lab, repeats: site.measure(lab, repeats, first, tasks),
    }


def show(result: Result) -> None:
    print("\n".join(report.markdown(report.HEADER, [report.row(figure) for figure in result.figures])))


def run_alone(wanted: list[str], repeats: int, keep: bool) -> list[str]:
    """Measure what needs no platform, before there is one; the names of those that failed."""
    known: dict[str, tuple[int, Callable[[], Result]]] = {
        "api": (api.RUNS, lambda: api.measure(api.FOLDER, keep)),
        "databases": (repeats, lambda: databases.measure(repeats)),
        "flat": (1, flat.measure),
        "health": (1, health.measure),
    }
    failed = []
    for name in wanted:
        print(f"== {name}", flush=True)
        rounds, measure = known[name]
        at = conditions([], rounds)
        try:
            result = measure()
        except Exception:
            traceback.print_exc()
            failed.append(name)
            continue
        result.conditions = at
        result.save(RESULTS)
        show(result)
    return failed


def run(wanted: list[str], repeats: int, keep: bool) -> list[str]:
    """Measure and keep the results; the names of those that failed, which do not cost the others their turn."""
    failed: list[str] = []
    if not wanted:
        return failed
    with ExitStack() as stack:
        with timed_tasks("site") as tasks:
            lab, first = stack.enter_context(platform(keep=keep))
        known = measurements(first, tasks)
        for name in wanted:
            print(f"== {name}", flush=True)
            began, at = time.monotonic(), conditions(lab.hosts, repeats)
            try:
                lab.wait_for_agents()
                result = known[name](lab, repeats)
            except Exception:  # shown in full, and in the exit status
                traceback.print_exc()
                failed.append(name)
                continue
            result.conditions = at
            result.save(RESULTS)
            show(result)
            print(f"== {name}: {time.monotonic() - began:.0f} s", flush=True)
    return failed


def write() -> None:
    """Rewrite the page from all results that are kept."""
    kept = [RESULTS / f"{name}.json" for name in FIGURES]
    report.write(PAGE, [load(path) for path in kept if path.exists()])


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"of {', '.join(FIGURES)}; all of them by default")
    parser.add_argument("--repeats", type=int, default=5, help="rounds of what is compared (default 5)")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="use the platform (or the database) that is there, and leave it; without figure site",
    )
    parser.add_argument("--write", action="store_true", help="put all kept results on the page, in place of older ones")
    parser.add_argument("--against", metavar="REV", help="compare with another commit, both in turn; no figures then")
    parser.add_argument("--only-write", action="store_true", help="nothing but that")
    arguments = parser.parse_args()
    if arguments.only_write:
        write()
        return 0
    if arguments.against:
        return 0 if against.measure(arguments.against, arguments.repeats) else 1
    possible = [name for name in FIGURES if not (arguments.keep and name == "site")]
    unknown = sorted(set(arguments.figures) - set(possible))
    if unknown:
        parser.error(f"no figure named {', '.join(unknown)}; there are {', '.join(possible)}")
    wanted = [name for name in possible if name in (arguments.figures or possible)]
    failed = run_alone([name for name in wanted if name in ALONE], arguments.repeats, arguments.keep)
    failed += run([name for name in wanted if name not in ALONE], arguments.repeats, arguments.keep)
    if arguments.write:
        write()
    if failed:
        print(f"not measured: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
