# SPDX-License-Identifier: Apache-2.0
"""Discovery: a linked name resolves, an unlinked one does not, and a change is answered everywhere within a second."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from lab import Container, Lab
from waiting import until

COMPOSE = """
web:
  image: {probe}
  links: [memcached]
  scale: 2
memcached:
  image: {memcached}
other:
  image: {probe}
"""

KINDS = """
web:
  image: {probe}
  links: [cache, vendor, partner]
cache:
  image: rancher/dns-service
  links: [memcached]
memcached:
  image: {memcached}
  scale: 2
vendor:
  image: rancher/external-service
partner:
  image: rancher/external-service
"""
ELSEWHERE = """
vendor: {external_ips: [198.51.100.7, 198.51.100.8]}
partner: {hostname: partner.example.org}
"""


def test_linked_and_unlinked_names(lab: Lab) -> None:
    with lab.stack("names", COMPOSE) as stack:
        cache, other = stack.containers("memcached")[0], stack.containers("other")[0]
        for web in stack.containers("web"):
            until(lambda web=web: web.resolves("memcached") == [cache.address], 2, "the linked name")
            assert web.resolves("memcached.names.orca.internal") == [cache.address]
        assert len({web.machine.name for web in stack.containers("web")}) == 2, "the web service is spread over hosts"
        assert other.resolves("memcached") == []
        assert other.pings(cache.address), "scoping is naming, not a wall"
        check_metadata(web)
        check_that_each_comes_back_alone(web)


def check_metadata(web: Container) -> None:
    """A container reads what it is; its host reads what that is."""
    assert (web.reads("self/container/name"), web.reads("self/container/primary_ip")) == (web.name, web.address)
    assert web.reads("self/service/links/names%2Fmemcached") == "memcached"
    assert web.reads("self/host/hostname") == web.machine.name
    url = "http://169.254.169.250/2015-07-25/self"
    assert web.machine.run("curl", "-sf", f"{url}/host/hostname") == web.machine.name
    assert not web.machine.succeeds("curl", "-sf", f"{url}/container"), "a host is no container"


def check_that_each_comes_back_alone(web: Container) -> None:
    """The resolver and the metadata service: each goes on while the other is killed, and both come back."""

    def process(name: str) -> str:
        return web.machine.run("pgrep", "-f", name).split()[0]

    for killed, other in (("metadata_service", "pdns_recursor"), ("pdns_recursor", "metadata_service")):
        before, goes_on = process(killed), process(other)
        web.machine.run("kill", "-9", before)
        until(lambda: web.reads("self/container/name") == web.name, 5, "the metadata service")
        until(lambda: web.resolves("memcached"), 5, "the resolver")
        assert process(other) == goes_on
        assert process(killed) != before


def test_a_replaced_container_is_answered_within_a_second(lab: Lab) -> None:
    with lab.stack("replace", COMPOSE) as stack:
        webs, cache = stack.containers("web"), stack.containers("memcached")[0]
        for web in webs:
            until(lambda web=web: web.resolves("memcached") == [cache.address], 2, "the linked name")
        list_of_it = "stacks/replace/services/memcached/containers"
        assert webs[0].reads(list_of_it) == f"0={cache.name}\n"
        waiting = ThreadPoolExecutor(1).submit(
            webs[0].reads, f"{list_of_it}/0/primary_ip?wait=true&value={cache.address}"
        )
        lab.api.delete(cache.resource)
        fresh = until(lambda: stack.running_other_than("memcached", cache), 30, "a new memcached", every=0.05)
        running = time.monotonic()
        for web in webs:
            until(lambda web=web: web.resolves("memcached") == [fresh.address], 1, "the new address")
        assert time.monotonic() - running < 1 + len(webs)
        assert waiting.result(30) in ("", fresh.address), "whoever waits for a change of metadata is told"
        until(lambda: webs[0].reads(list_of_it) == f"0={fresh.name}\n", 5, "its metadata")


def test_aliases_and_services_elsewhere(lab: Lab) -> None:
    with lab.stack("kinds", KINDS, ELSEWHERE) as stack:
        (web,), caches = stack.containers("web"), stack.containers("memcached")
        until(lambda: web.resolves("cache") == sorted(cache.address for cache in caches), 2, "the alias")
        assert web.resolves("vendor") == ["198.51.100.7", "198.51.100.8"]
        assert web.run("dig", "+short", "partner.kinds.orca.internal", "CNAME").strip() == "partner.example.org."
        lab.api.delete(caches[0].resource)
        fresh = until(lambda: stack.running_other_than("memcached", *caches), 30, "a new memcached")
        until(lambda: web.resolves("cache") == sorted([caches[1].address, fresh.address]), 2, "the alias follows")
