# SPDX-License-Identifier: Apache-2.0
"""Compose files: types of services, sidekicks, what rancher-compose says of them, and all of it back to text."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orca.orchestration.compose.errors import ComposeError
from orca.orchestration.compose.export import export
from orca.orchestration.compose.files import parse
from orca.orchestration.compose.keys import SERVICE_KEYS
from orca.orchestration.compose.section import LinkSpec
from orca.orchestration.compose.specs import ServiceSpec

DOCKER = """
web:
  image: shop/web
  labels:
    io.rancher.sidekicks: data, logs
    io.rancher.scheduler.affinity:host_label_soft: disk=ssd
    io.rancher.service.selector.link: tier=db
    own: label
  volumes_from: [data]
  net: host
data: {image: shop/data, labels: {io.rancher.container.start_once: "true"}}
logs: {image: shop/logs, network_mode: "service:web", volumes_from: [web, data]}
some:
  image: rancher/none
  labels: {io.rancher.service.selector.container: "tier=web"}
db: {image: rancher/dns-service, links: [mysql, elsewhere], external_links: ["other/db:spare"]}
mysql: {image: "mysql:5"}
elsewhere: {image: "rancher/external-service:v1", labels: {own: label}}
edge:
  image: rancher/load-balancer-service
  ports: ["80:8080", "443:8080"]
  expose: ["81:8081/tcp"]
  links: ["web:site"]
  external_links: [other/api]
  labels:
    io.rancher.loadbalancer.target.web: shop.example:80/cart=8080,8081
    io.rancher.loadbalancer.target.other/api: api.example
    io.rancher.loadbalancer.ssl.ports: "443"
"""
RANCHER = """
web:
  scale: 3
  scale_policy: {min: 1, max: 5, increment: 2}
  retain_ip: true
  metadata: {level: [1, {a: b}]}
  upgrade_strategy: {batch_size: 2, interval_millis: 500, start_first: false}
  health_check:
    port: 80
    request_line: GET /health HTTP/1.0
    interval: 2000
    response_timeout: 1000
    healthy_threshold: 2
    unhealthy_threshold: 3
    strategy: recreateOnQuorum
    recreate_on_quorum_strategy_config: {quorum: 2}
logs: {health_check: {port: 514}}
db: {start_on_create: false, metadata: {a: 1}}
elsewhere: {external_ips: [192.0.2.1, 192.0.2.2], health_check: {port: 80}}
edge:
  load_balancer_config:
    haproxy_config: {global: maxconn 4096, defaults: ""}
    lb_cookie_stickiness_policy: {cookie: shop, mode: insert, nocache: true}
  default_cert: main
  certs: [one, two]
"""


@pytest.fixture(scope="module")
def services() -> dict[str, ServiceSpec]:
    return {spec.name: spec for spec in parse(DOCKER, RANCHER).services}


def test_the_image_says_the_kind(services):
    assert {name: spec.type for name, spec in services.items()} == {
        "web": "service",
        "some": "service",
        "db": "dnsService",
        "mysql": "service",
        "elsewhere": "externalService",
        "edge": "loadBalancerService",
    }


def test_a_service_with_sidekicks(services):
    assert services["web"].fields == {
        "scale": 3,
        "scalePolicy": {"min": 1, "max": 5, "increment": 2},
        "retainIp": True,
        "metadata": {"level": [1, {"a": "b"}]},
        "selectorLink": "tier=db",
        "launchConfig": {
            "imageUuid": "docker:shop/web",
            "labels": {"io.rancher.scheduler.affinity:host_label_soft": "disk=ssd", "own": "label"},
            "dataVolumesFromLaunchConfigs": ["data"],
            "networkMode": "host",
            "healthCheck": {
                "port": 80,
                "requestLine": "GET /health HTTP/1.0",
                "interval": 2000,
                "responseTimeout": 1000,
                "healthyThreshold": 2,
                "unhealthyThreshold": 3,
                "strategy": "recreateOnQuorum",
                "recreateOnQuorumStrategyConfig": {"quorum": 2},
            },
        },
        "secondaryLaunchConfigs": [
            {
                "name": "data",
                "imageUuid": "docker:shop/data",
                "labels": {"io.rancher.container.start_once": "true"},
            },
            {
                "name": "logs",
                "imageUuid": "docker:shop/logs",
                "networkLaunchConfig": "web",
                "dataVolumesFromLaunchConfigs": ["web", "data"],
                "healthCheck": {"port": 514},
            },
        ],
    }
    assert services["web"].strategy == {"batchSize": 2, "intervalMillis": 500, "startFirst": False}


def test_services_without_containers(services):
    assert services["some"].fields["selectorContainer"] == "tier=web"
    assert services["db"].fields == {"startOnCreate": False, "metadata": {"a": 1}}
    assert services["db"].links == (
        LinkSpec("mysql", "mysql"),
        LinkSpec("elsewhere", "elsewhere"),
        LinkSpec("db", "spare", "other"),
    )
    assert services["elsewhere"].fields == {
        "externalIpAddresses": ["192.0.2.1", "192.0.2.2"],
        "healthCheck": {"port": 80},
        "launchConfig": {"labels": {"own": "label"}},
    }


def test_a_balancer(services):
    edge = services["edge"]
    assert edge.fields == {
        "loadBalancerConfig": {
            "haproxyConfig": {"global": "maxconn 4096", "defaults": ""},
            "lbCookieStickinessPolicy": {"cookie": "shop", "mode": "insert", "nocache": True},
        },
        "launchConfig": {
            "imageUuid": "docker:rancher/load-balancer-service",
            "ports": ["80:8080", "443:8080"],
            "expose": ["81:8081/tcp"],
            "labels": {"io.rancher.loadbalancer.ssl.ports": "443"},
        },
    }
    assert edge.certificates == {"defaultCertificateId": "main", "certificateIds": ["one", "two"]}
    assert edge.links == (
        LinkSpec("web", "site", None, ("shop.example:80/cart=8080", "8081")),
        LinkSpec("api", "api", "other", ("api.example",)),
    )


def test_all_of_it_reads_back_the_same():
    before = parse(DOCKER, RANCHER)
    assert parse(*export(before.services)) == before


def test_what_no_key_stands_for_is_named():
    launch = {"imageUuid": "docker:a", "publishAllPorts": True, "dns": None}
    spec = ServiceSpec("web", "service", {"launchConfig": launch})
    docker, _ = export([spec])
    assert docker.splitlines()[0] == "# web: compose files have no key for publishAllPorts"
    assert yaml.safe_load(docker) == {"web": {"image": "a"}}


def test_a_requested_address_is_asked_for_by_a_label():
    config = {"imageUuid": "docker:a", "requestedIpAddress": "10.42.1.77"}
    again = parse(*export([ServiceSpec("web", "service", {"launchConfig": config})])).services[0]
    assert again.fields["launchConfig"]["labels"] == {"io.rancher.container.requested_ip": "10.42.1.77"}


EXTERNAL = "e: {image: rancher/external-service}"
BALANCER = "lb: {image: rancher/load-balancer-service, ports: ['80'], links: [web]%s}\nweb: {image: a}"


@pytest.mark.parametrize(
    ("docker", "rancher", "message"),
    [
        (EXTERNAL[:-1] + ", command: x}", "", " service 'e': unsupported config option 'command'"),
        (EXTERNAL[:-1] + ", links: [e]}", "", "service 'e': links: a service elsewhere has none"),
        (EXTERNAL, "e: {scale: 2}", "service 'e': unsupported config option 'scale'"),
        ("e: {image: rancher/dns-service, scale: 2}", "", " service 'e': unsupported config option 'scale'"),
        (
            EXTERNAL,
            "e: {external_ips: [1.2.3]}",
            "^rancher-compose.yml:1:5: service 'e': external_ips: 1.2.3 is not an address",
        ),
        (EXTERNAL, "e: {external_ips: [192.0.2.1], hostname: x}", "service 'e': external_ips: either"),
        ("e: {image: a}", "e: {external_ips: []}", "service 'e': unsupported config option 'external_ips'"),
        (BALANCER % ", labels: {io.rancher.loadbalancer.target.web: a=b=c}", "", "target.web: target port 'a=b=c'"),
        (
            BALANCER % ", labels: {io.rancher.loadbalancer.target.db: '80'}",
            "",
            "'lb': labels: there is no link to 'db'",
        ),
        (
            BALANCER % ", labels: {io.rancher.loadbalancer.target.web: 'a.example:81=8080'}",
            "",
            "^docker-compose.yml:1:.*target.web: nobody listens at port 81",
        ),
        (
            BALANCER % ", labels: {io.rancher.loadbalancer.ssl.ports: '80'}",
            "",
            "service 'lb': default_cert: a port that ends TLS needs a certificate",
        ),
        (
            BALANCER % ", expose: ['80']",
            "",
            "'lb': expose: two listeners would be at port 80; give one of them another port",
        ),
        (
            BALANCER % ", labels: {io.orca.balancer.weight: heavy}",
            "",
            "labels: io.orca.balancer.weight: 'heavy' is not",
        ),
        (BALANCER.replace("'80'", "'65530'") % "", "", "'lb': ports: port 65530 is the balancer's own"),
        (
            BALANCER % "",
            "lb: {load_balancer_config: {lb_cookie_stickiness_policy: {cookie: 'a b'}}}",
            "^rancher-compose.yml:1:.*load_balancer_config: 'a b' is not the name of a cookie",
        ),
        (BALANCER.replace("'80'", "80/udp") % "", "", "service 'lb': ports: port '80/udp': a balancer does not speak"),
        (
            BALANCER % "",
            "lb: {load_balancer_config: {name: x}}",
            "load_balancer_config: unsupported config option 'name'",
        ),
        (
            BALANCER % "",
            "lb: {load_balancer_config: {haproxy_config: {x: y}}}",
            "load_balancer_config: haproxy_config: unsupported config option 'x'",
        ),
        (BALANCER % "", "web: {certs: [a]}", "service 'web': unsupported config option 'certs'"),
        ("web: {image: a}", "web: {health_check: {interval: 1}}", "service 'web': port: healthCheck.port is required"),
        (
            "web: {image: a}",
            "web: {health_check: {port: 80, every: 1}}",
            "health_check: unsupported config option 'every'",
        ),
        ("web: {image: a}", "web: {scale_policy: {min: 3, max: 2}}", "max: scalePolicy: max is less than min"),
        (
            "web: {image: a}",
            "web: {upgrade_strategy: {batch_size: 0}}",
            "service 'web': batch_size: must be at least 1",
        ),
        ("web: {image: a, labels: {io.rancher.service.selector.link: 'a in ('}}", "", "service 'web': selector_link"),
        ("web: {image: rancher/none}", "", "service 'web': selector_container: a service without containers"),
        ("web: {image: a, labels: {io.rancher.container.pull_image: always}}", "", "pull_image' is not supported"),
        ("web: {image: a, labels: {io.rancher.loadbalancer.target.x: '80'}}", "", "only a balancer has targets"),
    ],
)
def test_what_a_kind_refuses(docker: str, rancher: str, message: str):
    with pytest.raises(ComposeError, match=message):
        parse(docker, rancher)


SIDEKICK = "web: {image: a, labels: {io.orca.sidekicks: log}%s}\nlog: {image: b%s}\ndb: {image: c%s}"


@pytest.mark.parametrize(
    ("parts", "rancher", "message"),
    [
        (("", ", links: [db]", ""), "", "service 'log': links: a sidekick of 'web' has none of its own"),
        (("", ", scale: 2", ""), "", "service 'log': scale: a sidekick of 'web' has none of its own"),
        (("", "", ""), "log: {retain_ip: true}", "service 'log': retain_ip: a sidekick of 'web' has none of its own"),
        (("", ", labels: {io.rancher.sidekicks: db}", ""), "", "service 'log': labels: a sidekick of 'web' has none"),
        (("", "", ", links: [log]"), "", "service 'db': links: 'log' is a sidekick of 'web'"),
        (("", "", ", labels: {io.rancher.sidekicks: log}"), "", "'db': labels: 'log' is a sidekick of 'web' already"),
        (("", "", ", volumes_from: [log]"), "", "service 'db': volumes_from: 'log' is not one of its sidekicks"),
        ((", net: 'container:log'", ", volumes_from: [web]", ""), "", "needs itself through"),
    ],
)
def test_what_a_sidekick_cannot_be(parts: tuple[str, str, str], rancher: str, message: str):
    with pytest.raises(ComposeError, match=message):
        parse(SIDEKICK % parts, rancher)


def test_the_documentation_names_every_key():
    text = Path(__file__).parents[4].joinpath("docs/compose.md").read_text()
    keys = {key for each in SERVICE_KEYS.values() for key in (*each.launch, *each.rancher)}
    assert sorted(key for key in keys if f"`{key}`" not in text) == []


_WORDS = st.text(alphabet="ab$ {}:=#'\"\\\u00e9-", max_size=6)
_NAMES = st.sampled_from(["a", "b", "c"])
_BODIES = st.fixed_dictionaries(
    {"image": st.sampled_from(["x", "x:1", "rancher/dns-service", "rancher/load-balancer-service"])},
    optional={
        "command": st.lists(_WORDS, max_size=3),
        "environment": st.dictionaries(st.sampled_from(["A", "B"]), _WORDS, max_size=2),
        "labels": st.dictionaries(
            st.sampled_from(["own", "io.rancher.sidekicks", "io.rancher.service.selector.link"]), _WORDS | _NAMES
        ),
        "ports": st.lists(st.sampled_from(["80", "81:80/tcp", "1-2:3-4"]), max_size=2),
        "volumes_from": st.lists(_NAMES, max_size=1),
        "net": st.sampled_from(["host", "managed", "container:a"]),
        "links": st.lists(_NAMES | st.just("b:x"), max_size=2),
        "external_links": st.lists(st.sampled_from(["o/a", "o/a:b"]), max_size=1),
        "privileged": st.booleans(),
        "restart": st.sampled_from(["no", "always", "on-failure:2"]),
        "mem_limit": st.sampled_from(["1m", 0, 5]),
        "user": _WORDS,
    },
)
_EXTRAS = st.fixed_dictionaries(
    {},
    optional={
        "scale": st.integers(0, 3),
        "start_on_create": st.booleans(),
        "metadata": st.dictionaries(_WORDS, st.none() | st.booleans() | st.dates() | st.lists(_WORDS), max_size=2),
        "health_check": st.fixed_dictionaries({"port": st.integers(1, 9)}, optional={"strategy": st.just("none")}),
        "retain_ip": st.booleans(),
        "certs": st.lists(_WORDS, max_size=2),
    },
)


@given(st.dictionaries(_NAMES, _BODIES, min_size=1), st.dictionaries(_NAMES, _EXTRAS))
def test_what_is_understood_reads_back_the_same(docker: dict[str, object], rancher: dict[str, object]):
    text = yaml.safe_dump(docker, allow_unicode=True), yaml.safe_dump(rancher, allow_unicode=True)
    try:
        before = parse(*text)
    except ComposeError as error:
        assert all(refusal.place.line for refusal in error.refusals)
        return
    assert parse(*export(before.services)).services == before.services
