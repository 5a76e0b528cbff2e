# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts are listed, all of them or some."""

from harness.case import Case, Failure
from harness.conversation import SERVER, api
from harness.resources import ACCESS, PROJECT, chosen, listed, refusal, row

FAST = row("host", "1h1", name=None, hostname="orca-h1", labels={"disk": "ssd", "rack": "7"})
SLOW = row("host", "1h2", name="archive", hostname="orca-h2", labels={})
HOSTS = (chosen(), api("GET", f"{PROJECT}/hosts", listed(FAST, SLOW)))
PAGES = (
    chosen(),
    api("GET", f"{PROJECT}/hosts", listed(FAST, pagination={"next": f"{SERVER}{PROJECT}/hosts?marker=m1"})),
    api("GET", f"{PROJECT}/hosts?marker=m1", listed(SLOW)),
)


def looks(does, arguments, calls, *ids):
    everything = {"check": calls, "change": calls, "settled": calls}
    return Case(
        "host_info",
        does,
        {**ACCESS, **arguments},
        **everything,
        gives={"hosts": [{"id": each} for each in ids]},
        changes=False,
    )


CASES = [
    looks("lists all hosts, page after page, by name", {}, PAGES, "1h2", "1h1"),
    looks("lists those with a label", {"labels": {"disk": "ssd", "rack": 7}}, HOSTS, "1h1"),
    looks("lists those with a name, or else a host name", {"names": ["orca-h1", "orca-h2"]}, HOSTS, "1h1"),
]
FAILURES = [
    Failure(
        "host_info",
        "knows no project of that name",
        {**ACCESS, "api_project": "Shop"},
        "there is no project named Shop for this key",
        [api("GET", "/v2/projects?name=Shop", listed())],
    ),
    Failure("host_info", "without a server", {"api_home": "{root}"}, "no server is configured: set api_url"),
    Failure(
        "host_info",
        "is given labels that are no mapping",
        {**ACCESS, "labels": [1]},
        "argument 'labels' is of type list and we were unable to convert to dict",
    ),
    Failure(
        "host_info",
        "may not look",
        ACCESS,
        f"GET {PROJECT}/hosts at http://orca.test:8080: ",
        [chosen(), api("GET", f"{PROJECT}/hosts", refusal(403, "Forbidden"), status=403)],
        gives={"status": 403, "code": "Forbidden"},
    ),
]
