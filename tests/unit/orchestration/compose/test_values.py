# SPDX-License-Identifier: Apache-2.0
"""Values are those of Docker Compose 2.40.3 (`config --format json`), or refused: never another value."""

from typing import Any

import pytest

from orca.orchestration.compose.errors import ComposeError
from orca.orchestration.compose.files import parse
from orca.orchestration.compose.volumes import VolumeSpec


def read(body: str, **variables: str) -> dict[str, Any]:
    fields = (
        parse(f"services:\n  web:\n    image: x\n    {body}\n  db: {{image: y}}\n", None, variables).services[0].fields
    )
    launch = dict(fields["launchConfig"])
    del launch["imageUuid"]
    return launch | ({"scale": fields["scale"]} if "scale" in fields else {})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("ports: [22:22, 2222:22, 80]", {"ports": ["22:22/tcp", "2222:22/tcp", "80/tcp"]}),
        ("ports: [0x50, 017, 80_80]", {"ports": ["80/tcp", "15/tcp", "8080/tcp"]}),
        ("ports: ['80:80', '80:80']", {"ports": ["80:80/tcp"]}),
        ("ports: ['127.0.0.1::80', '80/udp']", {"ports": ["127.0.0.1::80/tcp", "80/udp"]}),
        ("ports: [{target: 80, published: '8080', protocol: udp}]", {"ports": ["8080:80/udp"]}),
        ("ports: [{target: '80', host_ip: 127.0.0.1, mode: host}]", {"ports": ["127.0.0.1::80/tcp"]}),
        ("ports: [{target: 80, published: ''}]", {"ports": ["80/tcp"]}),
        ("ports: ['${P}:80']", {"ports": ["81:80/tcp"]}),
        ("user: 33:33", {"user": "33:33"}),
        ("user: 1000", {"user": "1000"}),
        ("user: ''", {}),
        ("hostname: yes", {"hostname": "yes"}),
        ("restart: no", {"restartPolicy": {"name": "no"}}),
        ("restart: on-failure:3", {"restartPolicy": {"name": "on-failure", "maximumRetryCount": 3}}),
        ("restart: ''", {}),
        ("tty: yes", {"tty": True}),
        ("tty: 'FALSE'", {"tty": False}),
        ("tty: ${T}", {"tty": True}),
        ("mem_limit: 64m", {"memory": 64 << 20}),
        ("mem_limit: 64 MB", {"memory": 64 << 20}),
        ("mem_limit: 64kib", {"memory": 64 << 10}),
        ("mem_limit: 1.5g", {"memory": 3 << 29}),
        ("mem_limit: .5g", {"memory": 1 << 29}),
        ("mem_limit: 1_024", {"memory": 1024}),
        ("mem_limit: 010m", {"memory": 10 << 20}),
        ("mem_limit: 1p", {"memory": 1 << 50}),
        ("mem_limit: '9007199254740993'", {"memory": 9007199254740993}),
        ("cpu_shares: '5'", {"cpuShares": 5}),
        ("cpu_shares: 1e3", {"cpuShares": 1000}),
        ("scale: 3.0", {"scale": 3}),
        ("scale: '${P}'", {"scale": 81}),
        ("deploy: {replicas: '3'}", {"scale": 3}),
        ("deploy: {replicas: 3}\n    scale: 3", {"scale": 3}),
        ("environment: {A: yes, B: 12:30:45, C: 1e3}", {"environment": {"A": "yes", "B": "12:30:45", "C": "1000"}}),
        ("environment: {A: true, B: , C: '', ON: x}", {"environment": {"A": "true", "C": "", "ON": "x"}}),
        ("environment: {T: , A: '${X:-${Y:-z}}'}", {"environment": {"T": "on", "A": "z"}}),
        ("environment: [A=1, T, B, C=, E=a=b, A=2]", {"environment": {"T": "on", "C": "", "E": "a=b", "A": "2"}}),
        (
            "labels: {a: 1, b: , d: true, e: 1.0, f: yes}",
            {"labels": {"a": "1", "b": "", "d": "true", "e": "1", "f": "yes"}},
        ),
        ("labels: [a=1, b, c=]", {"labels": {"a": "1", "b": "", "c": ""}}),
        ("command: sh -c \"a\\tb\" 'c;d'", {"command": ["sh", "-c", "atb", "c;d"]}),
        ("command: 'a${X:-b c}d'", {"command": ["ab", "cd"]}),
        ("command: [sleep, 3600, 1.5, true]", {"command": ["sleep", "3600", "1.5", "true"]}),
    ],
)
def test_a_value_is_what_compose_reads(body: str, expected: dict[str, Any]):
    assert read(body, P="81", T="on") == expected


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("ports: [80.5]", "'80.5' does not have the form"),
        ("ports: [true]", "'true' does not have the form"),
        ("ports: [{published: 80}]", "target: is required"),
        ("ports: [{target: '80/udp'}]", "a number is expected, not '80/udp'"),
        ("ports: [{target: 80, host_ip: '1.2.3.4:1'}]", "host_ip: '1.2.3.4:1' is not one"),
        ("ports: [{target: 80, published: '1:2'}]", "published: '1:2' is not one"),
        ("ports: [{target: 80, published: 0}]", "between 1 and 65535"),
        ("ports: [{target: 80, name: x}]", "unsupported config option 'name' of a port"),
        ("ports: ['8000-8010:80']", "unlike length"),
        ("user: 0100", "0100 is 64 in YAML: write it in quotes"),
        ("hostname: [a]", "a text is expected"),
        ("command: [a, 1e3]", "1e3 is 1000 in YAML: write it in quotes"),
        ("command: [a, ~]", "a text is expected"),
        ("command: {a: b}", "a text is expected"),
        ("restart: always:3", "is not no, always"),
        ("restart: false", "'false' is not no, always"),
        ("tty: 1", "true or false is expected"),
        ("tty: ''", "true or false is expected"),
        ("mem_limit: 1:59", "a size such as 512m is expected, not '1:59'"),
        ("mem_limit: 1e3", "a size such as 512m is expected, not '1e3'"),
        ("mem_limit: 64ki", "a size such as 512m"),
        ("mem_limit: ''", "a size such as 512m"),
        ("mem_limit: true", "a number is expected"),
        ("cpu_shares: 5.5", "a number is expected, not '5.5'"),
        ("scale: 3.5", "a number is expected"),
        ("deploy: {replicas: 2}\n    scale: 3", "scale: deploy says another number of replicas"),
        ("environment: {A: [1]}", "A: a text is expected"),
        ("environment: {'': x}", "a name is neither empty nor has blanks"),
        ("environment: ['A = 5']", "'A ': a name is neither empty nor has blanks"),
        ("environment: {1: x}", "1 is not text: write the key in quotes"),
        ("labels: ['']", "a name is neither empty nor has blanks"),
        ("links: ['db x']", "'db x' does not have the form service\\[:alias\\], without blanks"),
        ("links: ['db: x']", "without blanks"),
        ("links: ['db:']", "without blanks"),
        ("links: ['db:x:y']", "without blanks"),
        ("external_links: ['a b/c']", "does not have the form stack/service\\[:alias\\], without blanks"),
        ("external_links: ['a/b:c d']", "without blanks"),
    ],
)
def test_a_value_of_another_form_is_refused(body: str, message: str):
    with pytest.raises(ComposeError, match=message):
        read(body)


def test_a_number_that_is_not_the_text_it_is_written_as_is_a_warning():
    text = "web:\n  image: a\n  environment: {A: 1.10, B: 0755, C: 5, D: '007'}\n  labels: {l: 1_000}"
    keep = "write it in quotes to keep it as it is"
    assert parse(text).warnings == (
        f"docker-compose.yml:4:12: service 'web': labels: l: 1_000 is 1000 in YAML: {keep}",
        f"docker-compose.yml:3:17: service 'web': environment: A: 1.10 is 1.1 in YAML: {keep}",
        f"docker-compose.yml:3:26: service 'web': environment: B: 0755 is 493 in YAML: {keep}",
    )


def test_numbers_of_rancher_compose_may_be_text():
    rancher = "web: {scale_policy: {max: '3', min: 1.0}, health_check: {port: '${P}', name: 5}, retain_ip: yes}"
    fields = parse("web: {image: a}", rancher, {"P": "80"}).services[0].fields
    assert fields["scalePolicy"] == {"max": 3, "min": 1}
    assert fields["launchConfig"]["healthCheck"] == {"port": 80, "name": "5"}
    assert fields["retainIp"] is True


@pytest.mark.parametrize(
    ("rancher", "message"),
    [
        ("web: {scale_policy: {max: many}}", "1:22: service 'web': max: must be a whole number"),
        ("web: {scale_policy: [a]}", "scale_policy: a mapping is expected"),
        ("web: {metadata: {a: .inf}}", "metadata: JSON has no .inf"),
        ("web: [a]", "service 'web': a mapping is expected"),
        (
            "web: {health_check: {port: 80, request_line: look}}",
            "request_line: healthCheck: 'look' is not a request such",
        ),
        ("[a]", "rancher-compose.yml:1:1: a mapping is expected"),
    ],
)
def test_what_rancher_compose_cannot_say(rancher: str, message: str):
    with pytest.raises(ComposeError, match=message):
        parse("web: {image: a}", rancher)


@pytest.mark.parametrize(
    "volumes",
    [
        *("[a]", "a", "{a: x}", "{a: {drivers: nfs}}", "{a: {external: maybe}}", "{a: {external: {driver: x}}}"),
        *("{a: {external: true, driver: local}}", "{a b: }", "{a: {name: 'a b'}}", "{a: {driver_opts: [1, [2]]}}"),
    ],
)
def test_volumes_of_the_file_are_read_or_refused(volumes: str):
    with pytest.raises(ComposeError, match=r"^docker-compose\.yml:2:\d+: volumes?[: ]"):
        parse(f"services: {{web: {{image: a}}}}\nvolumes: {volumes}")


def test_what_a_file_says_of_its_volumes():
    text = """
    services: {web: {image: a}}
    volumes:
      plain:
      share:
        driver_opts: {type: nfs, o: "addr=192.0.2.9,rw", device: ":/export"}
        labels: [tier=gold]
        x-note: mine
      own: {driver: convoy, per_container: true}
      theirs: {external: true}
      older: {external: {name: old}}
      said: {name: exactly}
    """
    assert parse(text).volumes == {
        "plain": VolumeSpec(),
        "share": VolumeSpec(
            options={"type": "nfs", "o": "addr=192.0.2.9,rw", "device": ":/export"}, labels={"tier": "gold"}
        ),
        "own": VolumeSpec(driver="convoy", per_unit=True),
        "theirs": VolumeSpec("theirs", external=True),
        "older": VolumeSpec("old", external=True),
        "said": VolumeSpec("exactly"),
    }
    assert parse("services: {web: {image: a}}").volumes == {}
    assert parse("web: {image: a}").volumes is None


def test_logging_is_the_driver_and_its_options():
    text = "services: {web: {image: a, logging: {driver: local, options: {max-size: 1m, max-file: 2}}}}"
    (spec,) = parse(text).services
    assert spec.fields["launchConfig"]["logConfig"] == {
        "driver": "local",
        "config": {"max-size": "1m", "max-file": "2"},
    }
    for wrong in ("{level: x}", "[a]"):
        with pytest.raises(ComposeError, match=r"(unsupported config option 'level'|a mapping is expected)"):
            parse(f"services: {{web: {{image: a, logging: {wrong}}}}}")
    with pytest.raises(ComposeError, match="log_driver says it too"):
        parse("web: {image: a, log_driver: syslog, logging: {driver: local}}")
