# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that the registry does not have are pushed to it."""

from harness import authority, host
from harness.case import Case, Failure, half_way
from harness.conversation import REGISTRY, engine, registry

ARGUMENTS = {"registry": REGISTRY, "ca_file": "{root}/ca.pem", "images_file": "{root}/images.json"}
BUILT = {"base": {"tag": "orca/base:1"}, "net": {"tag": "orca/net:2"}}
MANIFEST = "/v2/orca/net/manifests/2"
HAS, LACKS = registry("HEAD", MANIFEST), registry("HEAD", MANIFEST, status=404)
IN_TROUBLE, DENIED = registry("HEAD", MANIFEST, status=503), b'{"error": "denied"}\n'
NAME = f"{REGISTRY}/orca/net"

NO_IMAGE = engine("POST", "/images/orca/net:2/tag", {"message": "No such image: orca/net:2"}, status=404)


def pushes(said=b'{"status": "Pushed"}\n'):
    """The image gets a name in the registry, is pushed, and loses the name again."""
    return [
        engine("POST", f"/images/orca/net:2/tag?tag=2&repo={NAME}&force=0", status=201),
        engine("POST", f"/images/{NAME}/push?tag=2", said),
        engine("DELETE", f"/images/{NAME}:2?force=False&noprune=True", []),
    ]


def control_node(root):
    host.make(root)
    host.write_json(root / "images.json", BUILT)
    (root / "ca.pem").write_text(authority.registry().ca_pem)
    return {"CERTIFICATES": str(root / "etc/docker/certs.d")}


CASES = [
    Case(
        "image_publish",
        "pushes what is not there, and has the engine trust the registry",
        ARGUMENTS,
        check=[LACKS],
        change=[LACKS, *pushes()],
        settled=[HAS],
        prepare=control_node,
        gives={"images": {"net": f"{NAME}:2"}, "pushed": ["net"]},
        shows=f"{NAME}:2",
    )
]


def failure(when, message, calls=(), prepare=control_node, **arguments):
    return Failure("image_publish", when, {**ARGUMENTS, **arguments}, message, calls, prepare=prepare)


def with_damaged_list(root):
    parts = control_node(root)
    (root / "images.json").write_text("{")
    return parts


FAILURES = [
    failure("to a registry that is away", "registry: 127.0.0.1:1 does not answer: ", registry="127.0.0.1:1"),
    failure(
        "to a registry in trouble", f"registry: {REGISTRY} answers 503 to ", [registry("HEAD", MANIFEST, status=503)]
    ),
    half_way(
        failure(
            "that the registry does not take",
            "the push to registry.test:5000 failed: denied",
            [LACKS, *pushes(b'{"error": "denied"}\n')],
        )
    ),
    half_way(failure("that the engine does not have", "the control node's engine cannot push it", [LACKS, NO_IMAGE])),
    failure("of images that nobody built", "images_file: there is no ", images_file="{root}/nowhere.json"),
    failure("of a damaged list", "is not JSON", prepare=with_damaged_list),
    failure("of an image that there is not", "names: nte not in ", names=["nte"]),
    failure(
        "with an authority that is none", "ca_file: it holds no certificate (PEM)", ca_file="{root}/etc/resolv.conf"
    ),
    failure("with an authority that is not there", "ca_file: there is no ", ca_file="{root}/nowhere.pem"),
    Failure("image_publish", "without a registry", {"images_file": "x"}, "missing required arguments: registry"),
]
