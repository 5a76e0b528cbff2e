# SPDX-License-Identifier: GPL-3.0-or-later
"""Which images are published, and what is said when the way to the registry does not open."""

import json
import socket

import pytest
from ansible_collections.orca.platform.plugins.module_utils._tunnel import TunnelError, tunnel
from ansible_collections.orca.platform.plugins.modules import image_publish as module

BUILT = {"base": {"tag": "orca/base:1"}, "net": {"tag": "orca/net:2"}, "web": {"tag": "orca/web:3"}}


@pytest.fixture
def images_file(tmp_path):
    path = tmp_path / "images.json"
    path.write_text(json.dumps(BUILT))
    return str(path)


@pytest.mark.parametrize(
    ("names", "chosen"),
    [(None, {"net": "orca/net:2", "web": "orca/web:3"}), (["base"], {"base": "orca/base:1"}), ([], {})],
)
def test_all_but_the_excluded_or_those_named(images_file, names, chosen):
    assert module.wanted_images(images_file, names, ["base"]) == chosen


def test_an_unknown_image_is_named_with_the_known(images_file):
    with pytest.raises(module.PublishError, match=r"names: nte not in .*, which has base, net, web"):
        module.wanted_images(images_file, ["nte"], [])


def test_a_missing_file_says_who_makes_it(tmp_path):
    with pytest.raises(module.PublishError, match="script/images makes it"):
        module.wanted_images(str(tmp_path / "images.json"), None, [])


def test_files_that_cannot_be_used_name_their_option(tmp_path):
    with pytest.raises(module.PublishError, match="images_file: cannot read"):
        module.wanted_images(str(tmp_path), None, [])
    with pytest.raises(module.PublishError, match="ca_file: it holds no certificate"):
        module.Registry("registry.example.com:5000", "no certificate", timeout=5)


@pytest.fixture
def closed_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield free.getsockname()[1]


def test_a_registry_that_is_not_there_counts_as_empty_in_check_mode_only(closed_port):
    registry = module.Registry(f"127.0.0.1:{closed_port}", None, timeout=5)
    images = {"net": "orca/net:2"}
    assert module.missing_images(registry, images, check=True) == ["net"]
    with pytest.raises(module.PublishError, match="does not answer"):
        module.missing_images(registry, images, check=False)


def test_a_tunnel_that_does_not_open_says_why(closed_port):
    with (
        pytest.raises(TunnelError, match=r"ssh nobody@127.0.0.1: .*refused"),
        tunnel("127.0.0.1", 5001, "nobody", closed_port, None, "", timeout=10),
    ):
        pass
