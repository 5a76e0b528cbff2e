# SPDX-License-Identifier: Apache-2.0
"""Images as engines take them. The cases are those of the reference grammar's own tests and of Docker's documents."""

import pytest

from orca.resources.image_names import FORM, LONGEST, wrong_image, wrong_image_uuid, wrong_reference

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "image",
    [
        "nginx",
        "nginx:1.27",
        "library/nginx",
        "shop/api:latest",
        "localhost/api",
        "localhost:5000/api:1",
        "registry.example:5000/team/shop/api:v1.2_3-rc",
        "192.0.2.1:5000/api",
        "[2001:db8::1]:5000/api:1",
        "Registry.Example/api",
        f"api@{DIGEST}",
        f"registry.example/api:1@{DIGEST}",
        "sha512/x@sha512:" + "ab" * 64,
        "a__b/c---d/e.f:T_.-",
        "x:" + "t" * 128,
        "sub-dom1.foo.com/bar/baz/quux:some-long-tag",
        "sim:1",
    ],
)
def test_what_engines_take(image: str) -> None:
    assert wrong_reference(image) is None
    assert wrong_image(f"docker:{image}") is None
    assert wrong_image_uuid(f"docker:{image}") is None


@pytest.mark.parametrize(
    ("image", "cure"),
    [
        ("shop/api:", "an empty tag: name one, or leave the colon out"),
        ("registry.example:5000/api:", "an empty tag"),
        ("X/Upper:tag", "capitals in the name of its repository: write 'x/upper'"),
        ("registry.example:5000/Shop/api", "write 'registry.example:5000/shop/api'"),
        ("Nginx", "write 'nginx'"),
        ("nginx:a b", "the tag 'a b'"),
        ("nginx:" + "t" * 129, "at most 128"),
        ("nginx:-1", "the tag '-1'"),
        ("nginx@sha256:abc", "no whole digest"),
        (f"nginx@{DIGEST.upper()}", "no whole digest"),
        ("nginx@", "no whole digest"),
        ("", FORM),
        (":1", FORM),
        ("a//b", FORM),
        ("/a", FORM),
        ("a/", FORM),
        ("-a", FORM),
        ("a___b", FORM),
        ("http://registry.example/api", FORM),
        ("a b", FORM),
        ("nginx\n", FORM),
        ("käse", FORM),
        ("a" * (LONGEST + 1), "at most 520 characters"),
    ],
)
def test_what_they_do_not_take(image: str, cure: str) -> None:
    assert cure in (wrong_reference(image) or "")
    assert cure in (wrong_image_uuid(f"docker:{image}") or "")


def test_simulated_images_and_other_prefixes_are_not_judged_here() -> None:
    assert wrong_image("sim:Any Thing:") is None
    assert wrong_image_uuid("sim:Any Thing:") is None
    assert wrong_image_uuid("virtual:X:") is None


@pytest.mark.parametrize("image", ["a-" * 2_000_000, "a." * 259, "-" * LONGEST, "a" * 519 + "!", "a" * 500 + "/B"])
def test_a_long_name_ends(image: str) -> None:
    assert wrong_reference(image)
