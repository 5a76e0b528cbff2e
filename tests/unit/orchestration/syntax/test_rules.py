# SPDX-License-Identifier: Apache-2.0
"""Which requests a balancer's target gets, read from text."""

import pytest

from orca.orchestration.syntax.rules import TargetPort, parse


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("8080", TargetPort(target_port=8080)),
        ("example.com=8080", TargetPort(host="example.com", target_port=8080)),
        ("example.com:80/shop=8080", TargetPort("example.com", 80, "/shop", 8080)),
        ("80:example.com/shop", TargetPort("example.com", 80, "/shop")),
        ("/shop", TargetPort(path="/shop")),
        (":81=8081", TargetPort(source_port=81, target_port=8081)),
        ("*.example.com", TargetPort(host="*.example.com")),
        ("Shop.*", TargetPort(host="shop.*")),
        ("*/shop", TargetPort(path="/shop")),
        ("/shop=80@7", TargetPort(path="/shop", target_port=80, priority=7)),
        ("example.com=@0", TargetPort(host="example.com", priority=0)),
    ],
)
def test_reads_every_form(text, rule):
    assert parse(text) == rule


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a=b=80",
        "a:80:81",
        "a:b",
        "example.com=http",
        "0",
        "70000",
        "example.com:99999",
        "bad host=80",
        "a.*.com",
        "*.a.*",
        "*a.com",
        "a=80@x",
        "a=80@1234567",
        "/a b=80",
    ],
)
def test_refuses(text):
    with pytest.raises(ValueError):
        parse(text)
