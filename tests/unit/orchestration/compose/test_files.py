# SPDX-License-Identifier: Apache-2.0
"""Compose files: what is honoured, and that the rest is refused by name."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orca.orchestration.compose.errors import ComposeError
from orca.orchestration.compose.export import export
from orca.orchestration.compose.files import parse
from orca.orchestration.compose.section import LinkSpec

SHOP = """
web:
  image: orca/web
  ports: ["8080:80"]
  links: [memcached]
  environment: [PORT=80]
memcached:
  image: orca/memcached
  command: memcached -m "64"
"""


def only(text: str, rancher: str | None = None, **variables: str):
    return parse(text, rancher, variables).services[0]


def launch(spec) -> dict[str, object]:
    return spec.fields["launchConfig"]


def scale(spec) -> int | None:
    return spec.fields.get("scale")


def test_the_flat_form():
    web, memcached = parse(SHOP, "web: {scale: 2}").services
    assert (web.name, web.type, scale(web), web.links) == ("web", "service", 2, (LinkSpec("memcached", "memcached"),))
    assert launch(web) == {
        "imageUuid": "docker:orca/web",
        "ports": ["8080:80/tcp"],
        "environment": {"PORT": "80"},
    }
    assert launch(memcached)["command"] == ["memcached", "-m", "64"]
    assert scale(memcached) is None


@pytest.mark.parametrize("version", ["version: '2'\n", "version: '3.8'\n", ""])
def test_the_nested_form(version: str):
    text = version + "services:\n  web:\n    image: a\n    deploy: {replicas: 3}\nvolumes: {data: }\nx-note: 1\n"
    assert scale(only(text)) == 3


def test_rancher_scale_wins():
    assert scale(only("services: {web: {image: a, scale: 2}}", "version: '2'\nservices: {web: {scale: 5}}")) == 5


def test_every_key_arrives_under_its_field():
    text = """
services:
  web:
    image: a:1
    entrypoint: [sh, -c]
    environment: {A: 1, B: yes, C: ""}
    labels: [x=y, z]
    expose: [80]
    volumes: ["/data", "/srv:/srv:ro", "named:/n"]
    restart: on-failure:3
    hostname: h
    user: "1000"
    working_dir: /w
    tty: true
    stdin_open: true
    mem_limit: 64m
    cpu_shares: 5
    privileged: false
    cap_add: [NET_ADMIN]
    cap_drop: [ALL]
    network_mode: bridge
    dns_search: example.org
    dns: 192.0.2.53
    domainname: example.org
    extra_hosts: {db: 192.0.2.7}
    cpuset: 0,1
    memswap_limit: 128m
    devices: ["/dev/null:/dev/zero:rw"]
    pid: host
    read_only: true
    security_opt: ["label:disable"]
    volume_driver: convoy
    log_driver: syslog
    log_opt: {tag: web}
    lxc_conf: [lxc.cgroup.cpuset.cpus=0]
    container_name: ignored
"""
    assert launch(only(text)) == {
        "imageUuid": "docker:a:1",
        "entryPoint": ["sh", "-c"],
        "environment": {"A": "1", "B": "yes", "C": ""},
        "labels": {"x": "y", "z": ""},
        "expose": ["80"],
        "dataVolumes": ["/data", "/srv:/srv:ro", "named:/n"],
        "restartPolicy": {"name": "on-failure", "maximumRetryCount": 3},
        "hostname": "h",
        "user": "1000",
        "workingDir": "/w",
        "tty": True,
        "stdinOpen": True,
        "memory": 64 * 1024 * 1024,
        "cpuShares": 5,
        "privileged": False,
        "capAdd": ["NET_ADMIN"],
        "capDrop": ["ALL"],
        "networkMode": "bridge",
        "dnsSearch": ["example.org"],
        "dns": ["192.0.2.53"],
        "domainName": "example.org",
        "extraHosts": ["db:192.0.2.7"],
        "cpuSet": "0,1",
        "memorySwap": 128 * 1024 * 1024,
        "devices": ["/dev/null:/dev/zero:rw"],
        "pidMode": "host",
        "readOnly": True,
        "securityOpt": ["label:disable"],
        "volumeDriver": "convoy",
        "logConfig": {"driver": "syslog", "config": {"tag": "web"}},
        "lxcConf": {"lxc.cgroup.cpuset.cpus": "0"},
    }
    assert parse(*export([only(text)])).services == (only(text),)


def test_the_engines_own_check():
    text = """
web:
  image: a
  healthcheck:
    test: wget -q localhost || exit 1
    interval: 1m30.5s
    timeout: 1500us
    retries: "5"
    start_period: 1h
    start_interval: 500ms
    x-note: ours
  labels: {io.orca.healthcheck.strategy: none}
"""
    assert launch(only(text))["engineHealthCheck"] == {
        "test": ["CMD-SHELL", "wget -q localhost || exit 1"],
        "interval": 90_500,
        "timeout": 2,
        "retries": 5,
        "startPeriod": 3_600_000,
        "startInterval": 500,
        "strategy": "none",
    }
    assert parse(*export([only(text)])).services == (only(text),)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("healthcheck: {test: [CMD, /check, -v]}", {"test": ["CMD", "/check", "-v"]}),
        ("healthcheck: {test: [NONE]}", {"test": ["NONE"]}),
        ("healthcheck: {disable: true, interval: 5s}", {"test": ["NONE"]}),
        ("healthcheck: {disable: false, start_period: '0'}", {"startPeriod": 0}),
        ("healthcheck: {}", None),
        ("healthcheck: {}, labels: [io.orca.healthcheck.strategy=recreate]", {"strategy": "recreate"}),
    ],
)
def test_forms_of_the_engines_own_check(body, expected):
    spec = only(f"web: {{image: a, {body}}}")
    assert launch(spec).get("engineHealthCheck") == expected
    assert "labels" not in launch(spec)
    assert parse(*export([spec])).services == (spec,)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("healthcheck: {test: []}", "healthcheck: test: an empty list says nothing: leave it out"),
        ("healthcheck: {test: [wget]}", "healthcheck: test: 'wget' is none of NONE, CMD and CMD-SHELL"),
        ("healthcheck: {interval: 5}", "healthcheck: interval: '5' is no duration such as 10s or 1m30s"),
        ("healthcheck: {interval: 10ms}", "healthcheck: interval: 10 ms is not between 250 ms"),
        ("healthcheck: {every: 5s}", "healthcheck: every: unsupported config option"),
        ("labels: [io.orca.healthcheck.strategy=quorum]", "'quorum' is none of recreate, none"),
    ],
)
def test_checks_that_are_refused(body, message):
    with pytest.raises(ComposeError, match=message):
        only(f"web: {{image: a, {body}}}")


def test_a_bare_no_is_a_restart_policy():
    assert launch(only("web: {image: a, restart: no}"))["restartPolicy"] == {"name": "no"}


def test_ports_in_all_forms():
    text = "web: {image: a, ports: ['80', '8000-8001:80-81', '192.0.2.1:53:53/udp', {target: 1, published: 2}]}"
    assert launch(only(text))["ports"] == [
        "80/tcp",
        "8000:80/tcp",
        "8001:81/tcp",
        "192.0.2.1:53:53/udp",
        "2:1/tcp",
    ]


def test_links_and_external_links():
    text = "web: {image: a, links: ['db:database'], external_links: ['data/db:ext']}\ndb: {image: b}"
    assert only(text).links == (LinkSpec("db", "database"), LinkSpec("db", "ext", "data"))


def test_variables_are_filled_in():
    text = "web: {image: 'a:${TAG}', command: 'echo $$HOME ${X:-y}', environment: [KEY, GONE]}"
    spec = only(text, TAG="7", KEY="secret")
    assert launch(spec)["imageUuid"] == "docker:a:7"
    assert launch(spec)["command"] == ["echo", "$HOME", "y"]
    assert launch(spec)["environment"] == {"KEY": "secret"}


def test_an_unset_variable_is_a_warning():
    assert parse("web: {image: 'a$TAG', user: $TAG}").warnings == (
        "docker-compose.yml:1:14: variable TAG is not set: an empty text took its place; set it or write ${TAG:-}",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("web: {image: a, imagee: b}", "service 'web': unsupported config option 'imagee'"),
        ("web: {image: a, build: .}", "service 'web': unsupported config option 'build'"),
        ("services: {web: {image: a}}\nnetworks: {}", "unsupported top-level option 'networks'"),
        ("version: '2'\nweb: {image: a}", "needs a mapping 'services'"),
        ("services: {web: {image: a, deploy: {mode: global}}}", "unsupported config option 'deploy': mode"),
        ("web: {command: a}", "service 'web': image: is required"),
        ("web: {image: a, ports: ['80:x']}", "service 'web': ports: port '80:x' does not have the form"),
        ("web: {image: a, ports: ['80:99999']}", "between 1 and 65535"),
        ("web: {image: a, links: [db]}", "service 'web': links: there is no service 'db' in this file"),
        ("web: {image: a, external_links: [db]}", "does not have the form stack/service"),
        ("web: {image: a, restart: sometimes}", "is not no, always"),
        ("web: {image: a, mem_limit: much}", "a size such as 512m"),
        ("web: {image: a, volumes: ['./x:/x']}", "a relative path means nothing"),
        ("web: {image: a, tty: 3}", "service 'web': tty: true or false"),
        ("web: {image: a, labels: {io.rancher.sidekicks: b}}", "service 'web': labels: there is no other service 'b'"),
        (
            "web: {image: a, labels: {io.rancher.stack.name: b}}",
            "service 'web': labels: 'io.rancher.stack.name' is not",
        ),
        ("web: {image: a, net: 'container:b'}", "service 'web': network_mode: 'b' is not one of its sidekicks"),
        ("web: {image: a, cap_add: [EVERYTHING]}", "service 'web': cap_add: must be one of ALL"),
        ("web: {image: a, scale: -1}", " service 'web': scale: must be at least 0"),
        ("web: {image: a, command: 'echo \"'}", "service 'web': command: there is no end to what"),
        ("web: {image: a, command: 'echo ${'}", "write \\$\\$ for a dollar sign"),
        ("-web: {image: a}", "service name '-web'"),
        ("web: [a]", "service 'web': a mapping is expected"),
        ("web: {image: a", "docker-compose.yml:2:1: this is not YAML: while parsing"),
        ("", "a mapping of services is expected"),
        ("- a", "a mapping of services is expected"),
    ],
)
def test_what_is_refused(text: str, message: str):
    with pytest.raises(ComposeError, match=message):
        parse(text)


@pytest.mark.parametrize(
    ("rancher", "message"),
    [
        ("other: {scale: 2}", "service 'other' is not in docker-compose"),
        ("web: {scale: many}", "service 'web': scale: a number"),
        ("web: {scale: -1}", "^rancher-compose.yml:1:7: service 'web': scale: must be at least 0"),
        ("web: {drain_timeout_ms: 1}", "service 'web': unsupported config option 'drain_timeout_ms'"),
    ],
)
def test_what_is_refused_in_rancher_compose(rancher: str, message: str):
    with pytest.raises(ComposeError, match=message):
        parse("web: {image: a}", rancher)


def test_export_reads_back_the_same():
    text = """
web:
  image: a:1
  command: [sh, -c, "echo $$HOME"]
  environment: {A: "$$x"}
  ports: ["192.0.2.1:53:53/udp", "80"]
  restart: on-failure:2
  net: host
  mem_limit: 1m
  links: ["db:database", db]
  external_links: [other/x]
db: {image: b, restart: always, volumes: [/data]}
"""
    before = parse(text, "web: {scale: 3, metadata: {k: [1, {x: $$y}]}}")
    assert parse(*export(before.services)) == before


_TEXT = st.text(alphabet="a1:/=.-$ {}\u00e9", max_size=5)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=5,
)
_KEYS = st.sampled_from(
    [
        "image",
        "ports",
        "environment",
        "labels",
        "links",
        "command",
        "volumes",
        "restart",
        "deploy",
        "scale",
        "mem_limit",
        "x",
    ]
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_nonsense_is_refused_or_understood_but_never_a_crash(body: dict[str, object]):
    try:
        parse(yaml.safe_dump({"web": {"image": "a", **body}}))
    except ComposeError as error:
        assert str(error)
