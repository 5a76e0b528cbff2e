# SPDX-License-Identifier: GPL-3.0-or-later
"""How a container must be made so that systemd, sshd and a Docker engine of its own run in it as on a machine.

Not ``--privileged``: that asks for every capability and fails on a control node that lacks one.
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional

from .driver import MachineError, Spec

CPU_PERIOD = 100_000  # microseconds, the kernel's default

# In the order of their numbers, see capabilities(7). Without the newest: Docker 20.10 refuses names it does not know.
CAPABILITIES = (
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE "
    "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN "
    "SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE "
    "MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ"
).split()
# Without these systemd or the inner Docker engine does not start.
NEEDED = set("CHOWN DAC_OVERRIDE MKNOD NET_ADMIN NET_RAW SETFCAP SETGID SETUID SYS_ADMIN SYS_CHROOT".split())


def bounding_set(status: str) -> List[str]:
    """The capabilities (without ``CAP_``) in ``CapBnd`` of a /proc/PID/status: all that may be given away.

    Raises:
        MachineError: one is missing that a machine cannot do without.
    """
    bits = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapBnd:"))
    have = [name for number, name in enumerate(CAPABILITIES) if bits >> number & 1]
    missing = sorted(NEEDED - set(have))
    if missing:
        names = ", ".join(f"CAP_{name}" for name in missing)
        raise MachineError(f"this control node cannot run local machines: its capability bounding set lacks {names}")
    return have


def cgroup_version() -> int:
    """1 or 2, of the control node."""
    return 2 if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else 1


def host_config(client: Any, spec: Spec, network: str) -> Dict[str, Any]:
    """The HostConfig of the Engine API for ``spec``; ``client`` is a docker.APIClient."""
    with open("/proc/self/status", encoding="ascii") as status:
        capabilities = bounding_set(status.read())
    v1 = cgroup_version() == 1
    config: Dict[str, Any] = client.create_host_config(
        network_mode=network,
        cap_add=capabilities,
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        device_cgroup_rules=["a *:* rwm"],
        devices=["/dev/net/tun"] if os.path.exists("/dev/net/tun") else [],
        tmpfs={"/run": "", "/run/lock": "", "/tmp": "exec"},  # noqa: S108 - the machine's own
        # On v1 a private cgroup namespace breaks the inner engine's mounts; on v2 it keeps all below the machine.
        cgroupns="host" if v1 else "private",
        binds=["/sys/fs/cgroup:/sys/fs/cgroup:rw"] if v1 else [],
        restart_policy={"Name": "unless-stopped"},
        **limits(spec.memory, spec.cpus),
    )
    # What the command line calls systempaths=unconfined: sysctl and the inner engine write below /proc/sys.
    config.update(MaskedPaths=[], ReadonlyPaths=[])
    return config


def limits(memory: Optional[int], cpus: Optional[float]) -> Dict[str, Any]:
    """The arguments of docker.APIClient for limits; swap is not given on top of memory."""
    arguments: Dict[str, Any] = {}
    if memory is not None:
        arguments.update(mem_limit=memory, memswap_limit=memory)
    if cpus is not None:
        arguments.update(cpu_period=CPU_PERIOD, cpu_quota=int(cpus * CPU_PERIOD))
    return arguments


def command() -> Optional[List[str]]:
    """What to start instead of the image's command, None for just that.

    On cgroup v2 Docker mounts the private hierarchy read-only, and systemd wants to write to it.
    """
    if cgroup_version() == 1:
        return None
    return ["/bin/sh", "-c", "mount -o remount,rw /sys/fs/cgroup && exec /sbin/init"]


def docker_cgroup_parent(proc_cgroup: str) -> str:
    """From /proc/1/cgroup of a machine, where its Docker engine must put its containers: below the machine itself.

    So the machine's limits hold for them and the outer engine clears them away with it. On v2 the machine's cgroup
    namespace does that already: the answer is empty.
    """
    for line in proc_cgroup.splitlines():
        _number, controllers, path = line.split(":", 2)
        if controllers == "name=systemd":
            suffix = "/init.scope"
            return (path[: -len(suffix)] if path.endswith(suffix) else path) + "/engine"
    return ""
