# SPDX-License-Identifier: Apache-2.0
"""What is planned for a stack: its text against the services that there are."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from orca.orchestration.compose import files as compose
from orca.orchestration.stacks import plan as stack_plan
from orca.orchestration.stacks.plan import Plan, Present, World

TEXT = """
web:
  image: orca/web:${TAG}
  environment: {MODE: fast, PASSWORD: "${PASSWORD}"}
  command: "serve --key ${PASSWORD}"
  links: [db]
  ports: ["8080:80"]
db: {image: orca/db}
"""
SCALES = "web: {scale: 2}\n"
VARIABLES = {"TAG": "1", "PASSWORD": "hush"}


def specs(docker: str = TEXT, rancher: str = SCALES, variables: Mapping[str, str] = VARIABLES):
    return compose.parse(docker, rancher, variables).services


def world(states: Mapping[str, str] | None = None, without: str = "", **more: object) -> World:
    """A stack that was made from TEXT; `states`: of services that are not active."""
    present = {
        spec.name: Present(number, spec, (states or {}).get(spec.name, "active"))
        for number, spec in enumerate(specs(), 1)
        if spec.name != without
    }
    return World("shop", present, **more)


def lines(plan: Plan) -> list[str]:
    return [entry.line for entry in plan.entries]


def test_what_is_so_already_needs_nothing() -> None:
    assert lines(stack_plan.plan(specs(), world())) == []


def test_hosts_that_do_not_check_more_often_at_the_start_are_named() -> None:
    check = "web: {image: a, healthcheck: {test: 'true', start_interval: 1s}}\ndb: {image: a}\n"
    engines = {"old": "20.10.24+dfsg1", "new": "26.1.5", "odd": "dev"}
    (warning,) = stack_plan.plan(specs(check, ""), World("shop", engines=engines)).warnings
    assert warning == (
        "service web: healthcheck: start_interval needs Docker 25 (API 1.44): old has Docker 20.10.24+dfsg1; "
        "there the interval counts from the start"
    )
    assert not stack_plan.plan(specs(check, ""), World("shop", engines={"new": "25.0.0"})).warnings


def test_blanks_and_comments_are_no_change() -> None:
    text = (
        TEXT.replace("web:\n", "# the shop\nweb:\n\n")
        .replace("[db]", "[ db ]")
        .replace("{image: orca/db}", "\n  image: orca/db")
    )
    assert lines(stack_plan.plan(specs(text), world())) == []


def test_a_new_stack() -> None:
    assert lines(stack_plan.plan(specs(), World("shop"))) == [
        "create web: image orca/web:1; scale 2",
        "create db: image orca/db",
    ]


@pytest.mark.parametrize(
    ("docker", "rancher", "variables", "expected"),
    [
        (TEXT, "web: {scale: 5}", {}, ["change web: scale 2 -> 5"]),
        (TEXT, "", {}, ["change web: scale 2 -> 1"]),
        (TEXT, SCALES, {"TAG": "2"}, ["replace web: image orca/web:1 -> orca/web:2"]),
        (TEXT, SCALES, {"PASSWORD": "new"}, ["replace web: command; environment PASSWORD changes"]),
        (TEXT.replace("MODE: fast, ", ""), SCALES, {}, ["replace web: environment MODE goes"]),
        (TEXT.replace("8080:80", "81:80"), SCALES, {}, ["replace web: ports [8080:80/tcp] -> [81:80/tcp]"]),
        (TEXT.replace("links: [db]", "links: ['db:base']"), SCALES, {}, ["change web: links [db] -> [db:base]"]),
        (TEXT.replace("  links: [db]\n", ""), SCALES, {}, ["change web: links [db] -> []"]),
        (TEXT + "cache: {image: c}", SCALES, {}, ["create cache: image c"]),
        (
            TEXT.replace("links: [db]", "labels: {io.rancher.sidekicks: log}") + "log: {image: l}",
            SCALES,
            {},
            ["change web: links [db] -> []", "replace web: sidekick log comes"],
        ),
    ],
)
def test_changed_text(docker: str, rancher: str, variables: dict[str, str], expected: list[str]) -> None:
    assert lines(stack_plan.plan(specs(docker, rancher, VARIABLES | variables), world())) == expected


def test_values_of_variables_are_in_no_line() -> None:
    found = stack_plan.plan(specs(variables={"TAG": "1", "PASSWORD": "other"}), world())
    assert found.entries
    assert not any("hush" in line or "other" in line for line in lines(found))


def test_what_was_done_by_hand_is_seen() -> None:
    assert lines(stack_plan.plan(specs(), world(without="db"))) == ["create db: image orca/db"]
    assert lines(stack_plan.plan(specs(), world({"web": "inactive"}))) == ["start web"]
    assert lines(stack_plan.plan(specs(TEXT.replace("db: {image: orca/db}\n", "").replace("[db]", "[]")), world())) == [
        "change web: links [db] -> []",
        "remove db",
    ]
    scaled = stack_plan.plan(specs(rancher="web: {scale: 7}"), World("shop", dict(world().services)))
    assert lines(scaled) == ["change web: scale 2 -> 7"]


def test_what_is_not_to_start_is_not_started() -> None:
    rancher = "web: {scale: 2, start_on_create: false}"
    assert lines(stack_plan.plan(specs(rancher=rancher), world({"web": "inactive"}))) == []
    made = stack_plan.plan(specs(rancher=rancher), World("shop"))
    assert [(entry.service, entry.starts) for entry in made.entries] == [("web", False), ("db", True)]


def test_an_upgrade_that_waits_is_decided() -> None:
    assert lines(stack_plan.plan(specs(), world({"web": "upgraded"}))) == ["finish web: its upgrade, which is upgraded"]
    canceled = stack_plan.plan(specs(), world({"web": "canceled-upgrade"}))
    assert [entry.action for entry in canceled.entries] == ["finish", "replace"]


def test_services_that_failed_are_tried_again_and_that_is_no_change() -> None:
    failing = World("shop", {spec.name: Present(7, spec, "active", failing=spec.name == "web") for spec in specs()})
    found = stack_plan.plan(specs(), failing)
    assert (found.entries, found.failing) == ((), (7,))


def test_links_to_other_stacks() -> None:
    text = TEXT.replace("links: [db]", "external_links: [SN/cache, 'shop/db', 'sn/gone:c', 'no/x']")
    there = world(stacks=frozenset({"sn", "shop"}), elsewhere={("sn", "cache"): ("sn", "Cache")})
    found = stack_plan.plan(specs(text), there)
    assert lines(found) == ["change web: links [db] -> [db, sn/Cache:cache]; waits for [] -> [no/x, sn/gone:c]"]
    assert found.missing == (
        "service web: external_links: stack sn has no service gone",
        "service web: external_links: there is no stack no",
    )


def test_every_refusal_is_named() -> None:
    text = TEXT + "edge: {image: rancher/load-balancer-service, ports: ['80:80'], links: [web]}\n"
    there = world()
    external = compose.parse("db: {image: rancher/external-service}", "db: {hostname: a.example}").services[0]
    there = World("shop", {**there.services, "db": Present(2, external, "active")})
    found = stack_plan.plan(specs(text, SCALES + "edge: {default_cert: main}\n"), there)
    assert found.refusals == (
        "service db is of type externalService and cannot become service: use another name",
        "service edge: there is no certificate 'main'",
    )


def test_ports_are_let_go_before_others_take_them() -> None:
    first = "web: {image: a, ports: ['8080-8081:80-81']}\ndb: {image: b, ports: ['53:53/udp']}\n"
    before = World("s", {spec.name: Present(n, spec, "active") for n, spec in enumerate(specs(first, ""), 1)})
    renamed = "www: {image: a, ports: ['8081:80']}\ndb: {image: b, ports: ['53:53/udp']}\n"
    moved = "web: {image: a, ports: ['8080:80']}\ndb: {image: b, ports: ['53:53/udp', '127.0.0.1:8081:81']}\n"
    other = "www: {image: a, ports: ['8081:80/udp', '53:53/tcp']}\n"
    assert [stack_plan.plan(specs(text, ""), before).first for text in (first, renamed, moved, other)] == [
        (),
        (1,),
        (1,),
        (),
    ]
