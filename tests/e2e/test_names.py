# SPDX-License-Identifier: Apache-2.0
"""Discovery: a linked name resolves, an unlinked one does not, and a change is answered everywhere within a second."""

from __future__ import annotations

import time

from lab import Lab
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


def test_a_replaced_container_is_answered_within_a_second(lab: Lab) -> None:
    with lab.stack("replace", COMPOSE) as stack:
        webs, cache = stack.containers("web"), stack.containers("memcached")[0]
        for web in webs:
            until(lambda web=web: web.resolves("memcached") == [cache.address], 2, "the linked name")
        lab.api.delete(cache.resource)
        fresh = until(lambda: stack.running_other_than("memcached", cache), 30, "a new memcached", every=0.05)
        running = time.monotonic()
        for web in webs:
            until(lambda web=web: web.resolves("memcached") == [fresh.address], 1, "the new address")
        assert time.monotonic() - running < 1 + len(webs)


def test_aliases_and_services_elsewhere(lab: Lab) -> None:
    with lab.stack("kinds", KINDS, ELSEWHERE) as stack:
        (web,), caches = stack.containers("web"), stack.containers("memcached")
        until(lambda: web.resolves("cache") == sorted(cache.address for cache in caches), 2, "the alias")
        assert web.resolves("vendor") == ["198.51.100.7", "198.51.100.8"]
        assert web.run("dig", "+short", "partner.kinds.orca.internal", "CNAME").strip() == "partner.example.org."
        lab.api.delete(caches[0].resource)
        fresh = until(lambda: stack.running_other_than("memcached", *caches), 30, "a new memcached")
        until(lambda: web.resolves("cache") == sorted([caches[1].address, fresh.address]), 2, "the alias follows")
