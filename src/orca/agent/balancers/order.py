# SPDX-License-Identifier: Apache-2.0
"""The container of a balancer: what the order says and what is the platform's own. Pure."""

import msgspec

from orca.hoststate.plan import balancer_container as plan
from orca.wire import Instance


def container(ordered: Instance, image: str, directory: str) -> Instance:
    """Return the order with the platform's image, command, user and rights; the rest is the caller's.

    Args:
        ordered: name, labels, address, ports, limits, log and names of the container.
        image: the platform's HAProxy.
        directory: the balancer's, on the host.
    """
    return msgspec.structs.replace(
        ordered,
        image=image,
        registry_auth=None,
        command=[],
        entry_point=list(plan.ENTRY_POINT),
        environment={},
        user=plan.USER,
        working_dir=None,
        tty=False,
        stdin_open=False,
        volumes=[f"{directory}:{plan.BALANCER_SIDE}"],
        volumes_from=[],
        privileged=False,
        cap_add=[],
        cap_drop=["ALL"],
        devices=[],
        pid_mode=None,
        read_only=True,
        security_opt=["no-new-privileges"],
    )
