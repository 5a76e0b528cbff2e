# SPDX-License-Identifier: Apache-2.0
"""Everything that is wrong with compose files is refused at once, with its place; what is too much ends the work."""

import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orca.orchestration.compose.errors import ComposeError
from orca.orchestration.compose.files import parse
from orca.orchestration.stacks import text as stack_text
from orca.resources.errors import Refused

WRONG = """
services:
  web:
    image: a
    imagee: b
    mem_limit: much
    ports:
      - "80"
      - "80:x"
    environment: {A: "${A:?set it}", B: [c]}
    links: [nope]
  Web: {image: a, deploy: {mode: global}}
  db: {command: "a; b"}
  -x: {image: a, hostname: 0755}
networks: {}
volumes: [a]
"""
RANCHER = "web: {scale: many, health_check: {port: 80, every: 1}}\nother: {scale: 1}\n"

EXPECTED = """
docker-compose.yml:5:5: service 'web': unsupported config option 'imagee'
docker-compose.yml:6:16: service 'web': mem_limit: a size such as 512m is expected, not 'much'
docker-compose.yml:9:9: service 'web': ports: port '80:x' does not have the form [bindIp:][public:]private[/protocol]
docker-compose.yml:10:22: variable A is required: set it: give it a value
docker-compose.yml:10:41: service 'web': environment: B: a text is expected
docker-compose.yml:11:5: service 'web': links: there is no service 'nope' in this file
docker-compose.yml:12:3: services 'web' and 'Web' differ in case only: rename one of them
docker-compose.yml:12:28: service 'Web': unsupported config option 'deploy': mode
docker-compose.yml:13:3: service 'db': image: is required
docker-compose.yml:13:17: service 'db': command: ; is a sign of shells, and none runs here: write [sh, -c, '...'], or
 put it in quotes
docker-compose.yml:14:3: service name '-x': letters, digits and single hyphens inside are allowed, at most 63 characters
docker-compose.yml:14:28: service '-x': hostname: 0755 is 493 in YAML: write it in quotes, where a text is expected
docker-compose.yml:15:1: unsupported top-level option 'networks'
docker-compose.yml:16:10: volumes: a mapping is expected
rancher-compose.yml:1:14: service 'web': scale: a number is expected, not 'many'
rancher-compose.yml:1:45: service 'web': health_check: unsupported config option 'every'
rancher-compose.yml:2:1: service 'other' is not in docker-compose.yml
"""


def test_all_refusals_come_together_in_the_order_of_the_files():
    with pytest.raises(ComposeError) as refused:
        parse(WRONG, RANCHER)
    assert str(refused.value).splitlines() == EXPECTED.replace("\n put", " put").strip().splitlines()


def test_the_api_holds_the_refusals_as_a_list():
    with pytest.raises(Refused) as refused:
        stack_text.read({"dockerCompose": "web:\n  image: a\n  tty: 3\n  x: y", "rancherCompose": "a: {}"})
    assert (refused.value.field, refused.value.code) == ("dockerCompose", "InvalidFormat")
    where = {"file": "docker-compose.yml", "service": "web"}
    assert refused.value.more["refusals"] == [
        {**where, "line": 3, "column": 8, "key": "tty", "message": "true or false is expected"},
        {**where, "line": 4, "column": 3, "message": "unsupported config option 'x'"},
        {
            "file": "rancher-compose.yml",
            "line": 1,
            "column": 1,
            "message": "service 'a' is not in docker-compose.yml",
        },
    ]
    with pytest.raises(Refused) as refused:
        stack_text.read({"dockerCompose": "web: {image: a}", "rancherCompose": "web: {scale: x}"})
    assert refused.value.field == "rancherCompose"


def test_long_lists_of_refusals_end():
    text = "web: {image: a, " + ", ".join(f"k{i}: 1" for i in range(500)) + "}"
    with pytest.raises(ComposeError, match=r"and 400 more$") as refused:
        parse(text)
    assert len(refused.value.refusals) == 100


def test_a_message_repeats_little_of_a_long_text():
    with pytest.raises(ComposeError) as refused:
        parse("web: {image: a, volumes: ['" + "/a:" * 100_000 + "']}")
    assert len(str(refused.value)) < 1000


SIZE = 1_000_000
NAMES = [f"s{i}" for i in range(1, 100)]
LARGE = {
    "aliases": "\n".join(["a0: &a0 [x]", *(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9))]),
    "sexagesimal": "web: {image: x, mem_limit: 1" + ":59" * (SIZE // 3) + "}",
    "environment": "web:\n  image: x\n  environment:\n" + "".join(f"    A{i}: b\n" for i in range(200_000)),
    "list": "web: {image: x, command: [" + "a," * (SIZE // 2) + "]}",
    "services": "".join(f"s{i}: {{image: x}}\n" for i in range(1500)),
    "range": "web: {image: x, ports: ['1-65535:1-65535']}",
    "ports": "web: {image: x, ports: [" + ",".join(f"'{i}:{i}'" for i in range(1, 10_000)) + "]}",
    "ports of all": "".join(f"s{i}: {{image: x, ports: ['1-1024:1-1024']}}\n" for i in range(1000)),
    "words": "web: {image: x, command: '" + "a " * (SIZE // 2) + "'}",
    "an open quote": "web: {image: x, command: '" + '"a"' * (SIZE // 3) + "\"'}",
    "variables": "web: {image: x, user: '" + "$A" * (SIZE // 2) + "'}",
    "variables in variables": "web: {image: x, user: '" + ("${A:-" * 30 + "}" * 30) * (SIZE // 185) + "'}",
    "open braces": "web: {image: x, user: '" + "${A:-" * (SIZE // 6) + "'}",
    "sidekicks": "web: {image: x, labels: {io.rancher.sidekicks: '" + "a," * (SIZE // 2) + "'}}",
    "rules": "lb: {image: rancher/load-balancer-service, ports: ['80'], links: [a], labels: "
    "{io.rancher.loadbalancer.target.a: '" + "80," * (SIZE // 3) + "'}}\na: {image: x}",
    "keys": "web: {image: x, " + ",".join(f"k{i}: 1" for i in range(9000)) + "}",
    "duplicates": "web: {image: x, environment: {" + ",".join("a: b" for i in range(20_000)) + "}}",
    "merges": "web: {<<: ["
    + ",".join("{" + ",".join(f"a{i}_{j}: 1" for j in range(4)) + "}" for i in range(9000))
    + "]}",
    "tags": "%TAG !a! b\n" * 100_000,
    "digits": "web: {image: x, cpu_shares: " + "1" * SIZE + "}",
    "digits as text": "web: {image: x, cpu_shares: '" + "1" * SIZE + "'}",
    "digits of a size": "web: {image: x, mem_limit: '" + "1" * SIZE + "'}",
    "digits of a count": "web: {image: x, restart: 'on-failure:" + "1" * SIZE + "'}",
    "selector": "web: {image: x, labels: {io.rancher.service.selector.link: '" + "," * SIZE + "'}}",
    "nested": "[" * SIZE,
}
TAKEN = {
    "one word": "web: {image: x, command: \"'" + "a" * SIZE + "'\"}",
    "backslashes": "web: {image: x, command: '" + "\\" * SIZE + "'}",
    "needs": f"s0: {{image: x, labels: {{io.rancher.sidekicks: '{','.join(NAMES)}'}}}}\n"
    + "".join(f"{name}: {{image: x, volumes_from: [{','.join(NAMES[:i])}]}}\n" for i, name in enumerate(NAMES)),
    "links": "".join(f"s{i}: {{image: x, links: [{','.join(f's{j}' for j in range(90))}]}}\n" for i in range(300)),
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_too_much_is_refused_in_bounded_time(text: str):
    begun = time.process_time()
    with pytest.raises(ComposeError):
        parse(text)
    # Measured: less than a second each, without bounds minutes to hours.
    assert time.process_time() - begun < 30


@pytest.mark.parametrize("text", TAKEN.values(), ids=TAKEN)
def test_as_much_as_is_allowed_is_read_in_bounded_time(text: str):
    begun = time.process_time()
    assert parse(text).services
    assert time.process_time() - begun < 30


_SCALAR = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.text(max_size=8)
    | st.text(alphabet="a1:/=.-${}?+ ;'\"\\", max_size=8)
    | st.sampled_from(
        ["3", "1e3", "80:80", "1-3:1-3", "on", "no", "64m", "${A}", "${A:?x}", "docker:x", "a/b:c", "0x1F"]
    )
)
_WORDS = """
image command entrypoint environment ports expose volumes volumes_from restart hostname user working_dir tty
stdin_open mem_limit cpu_shares privileged cap_add cap_drop net network_mode dns_search labels links external_links
dns domainname extra_hosts cpuset memswap_limit devices pid read_only security_opt volume_driver log_driver log_opt
lxc_conf
scale deploy replicas container_name depends_on target published protocol host_ip services version name min max
increment port scale_policy health_check retain_ip metadata start_on_create upgrade_strategy batch_size
load_balancer_config haproxy_config global certs default_cert external_ips interval strategy io.rancher.sidekicks
x-a web db << io.rancher.loadbalancer.target.db io.rancher.service.selector.link io.rancher.scheduler.global
"""
_KEYS = st.sampled_from(_WORDS.split())
_TREES = st.recursive(
    _SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=8
)
_BODIES = st.dictionaries(_KEYS, _TREES, max_size=4)
_IMAGES = st.sampled_from(
    ["a", "rancher/load-balancer-service", "rancher/dns-service", "rancher/external-service", "rancher/none"]
)


@given(st.dictionaries(st.sampled_from(["web", "db", "services"]), _BODIES), _BODIES, _IMAGES, st.booleans())
def test_any_text_with_the_keys_of_compose_is_read_or_refused(
    services: dict[str, dict[str, object]], more: dict[str, object], image: str, nested: bool
):
    services = {name: {"image": image, **body} for name, body in services.items()}
    docker = yaml.safe_dump({"services": services} if nested else services, allow_unicode=True)
    try:
        found = parse(docker, yaml.safe_dump({"web": more}, allow_unicode=True), {"A": "a"})
    except ComposeError as error:
        assert all(refusal.message for refusal in error.refusals)
    else:
        assert len(found.services) <= len(services)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_read_or_refused(docker: str, rancher: str):
    try:
        parse(docker, rancher)
    except ComposeError as error:
        assert error.refusals
