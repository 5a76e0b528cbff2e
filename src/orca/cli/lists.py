# SPDX-License-Identifier: Apache-2.0
"""Commands that list resources: ps, projects, hosts, stacks, services, containers."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

import click

from orca.cli import find
from orca.cli.client import VERSION, Client, Resource
from orca.cli.options import names_argument
from orca.cli.output import Row, age, emit, emit_rows, output_option, quiet_option, wide_output_option

HOST_DETAILS = ("ENGINE", "KERNEL", "ENCRYPTION", "RANGE", "ROOM")
ENDED = ("stopped", "error")
LISTED = ("container", "service", "stack", "host")
CONTAINER_COLUMNS = ("ID", "NAME", "STATE", "HEALTH", "IMAGE", "ADDRESS", "HOST", "PORTS", "FAILED")
REASON = 120
"""Most characters of a reason in a table of checks; a command may write more."""
CHECK_COLUMNS = ("CONTAINER", "CHECKED BY", "SAYS", "SINCE", "REASON")


@click.command()
@names_argument(*LISTED, required=False)
@click.option("-a", "--all", "everything", is_flag=True, help="Also what is not running.")
@click.option("--checks", is_flag=True, help="What each host says that checks the containers, and each engine.")
@output_option
@quiet_option
@click.pass_context
def ps(ctx: click.Context, names: tuple[str, ...], everything: bool, checks: bool, output: str, quiet: bool) -> None:
    """List services, each with its containers on whichever host they run, and containers without a service.

    With names of stacks, services or containers: only those. With the name of a host: what runs there. HEALTH shows
    since when a container is healthy or not, and FAILED which hosts find it failing, and why.
    """
    client = Client.of(ctx)
    containers = list(client.list(client.in_project("containers")))
    services = list(client.list(client.in_project("services")))
    if names:
        containers, services = _named(find.many(client, names, LISTED), containers, services)
    if not everything:
        containers = [container for container in containers if container["state"] not in ENDED]
    if checks:
        _print_checks(client, containers, output, quiet)
        return
    if output != "table" or quiet:
        _print([*services, *containers], output, quiet, (), None)
        return
    emit_rows(CONTAINER_COLUMNS, _tree(client, services, containers))


@click.command()
@output_option
@quiet_option
@click.pass_context
def projects(ctx: click.Context, output: str, quiet: bool) -> None:
    """List the projects that the key may work in; the chosen one has a star."""
    client = Client.of(ctx)
    found = list(client.list(f"{VERSION}/projects"))
    wanted = client.target.project
    _print(
        found,
        output,
        quiet,
        ("", "ID", "NAME", "STATE", "DESCRIPTION"),
        lambda each: (
            "*" if wanted in (each["id"], each.get("name")) else "",
            each["id"],
            each.get("name"),
            each["state"],
            each.get("description"),
        ),
    )


@click.command()
@wide_output_option
@quiet_option
@click.pass_context
def hosts(ctx: click.Context, output: str, quiet: bool) -> None:
    """List the hosts with their agent's state and outer address.

    AGENT is `active`, `reconnecting` while nobody knows more, `agent lost` for a host that others still reach,
    `undecided` if nobody can tell, or `dead`; FAILED says who found out. What a dead host ran runs elsewhere.

    `-o wide` adds the versions of engine and kernel, and who encrypts what the host sends to others: its kernel, or,
    several times slower, a program (userspace). It also adds the range of the host's containers, and how many addresses
    that holds (ROOM). A project's network 10.42.0.0/16 holds 255 ranges of /24, so 255 hosts; the settings
    docker.network.subnet.cidr and network.host.prefix change that.
    """
    client = Client.of(ctx)
    wide = output == "wide"
    ranges = {row.get("hostId"): row for row in client.list(client.in_project("subnets"))} if wide else {}
    _print(
        list(client.list(client.in_project("hosts"))),
        "table" if wide else output,
        quiet,
        ("ID", "NAME", "STATE", "AGENT", "ADDRESS", *(HOST_DETAILS if wide else ()), "LABELS", "FAILED"),
        lambda host: (
            host["id"],
            find.name_of(host),
            host["state"],
            host.get("liveness") or host.get("agentState"),
            host.get("agentIpAddress"),
            *(_host_details(host, ranges.get(host["id"])) if wide else ()),
            " ".join(f"{key}={value}" for key, value in sorted((host.get("labels") or {}).items())),
            _reason(host) or host.get("livenessReason"),
        ),
    )


def _host_details(host: Resource, subnet: Resource | None) -> Row:
    system = (host.get("info") or {}).get("osInfo") or {}
    versions = (system.get("dockerVersion"), system.get("kernelVersion"))
    return *versions, host.get("encryption"), *_range(subnet)


def _range(subnet: Resource | None) -> tuple[str, str]:
    """A host's range, and how many containers have an address in it."""
    if subnet is None:
        return "", ""
    first, last = (int(ipaddress.ip_address(subnet[name])) for name in ("startAddress", "endAddress"))
    return f"{subnet['networkAddress']}/{subnet['cidrSize']}", str(last - first + 1)


@click.command()
@output_option
@quiet_option
@click.pass_context
def stacks(ctx: click.Context, output: str, quiet: bool) -> None:
    """List the stacks with their services."""
    client = Client.of(ctx)
    found = list(client.list(client.in_project("environments")))
    services = [] if quiet or output != "table" else list(client.list(client.in_project("services")))
    _print(
        found,
        output,
        quiet,
        ("ID", "NAME", "STATE", "HEALTH", "SERVICES", "FAILED"),
        lambda stack: (
            stack["id"],
            stack["name"],
            stack["state"],
            stack.get("healthState"),
            _services_of(stack, services),
            _reason(stack),
        ),
    )


@click.command()
@output_option
@quiet_option
@click.pass_context
def services(ctx: click.Context, output: str, quiet: bool) -> None:
    """List the services with their scale and where their published ports answer."""
    client = Client.of(ctx)
    found = list(client.list(client.in_project("services")))
    stacks = {} if quiet or output != "table" else _names(client, "environments")
    _print(
        found,
        output,
        quiet,
        ("ID", "NAME", "STATE", "HEALTH", "SCALE", "IMAGE", "ENDPOINTS", "FAILED"),
        lambda service: (
            service["id"],
            _qualified(service, stacks),
            service["state"],
            service.get("healthState"),
            _scale(service),
            _image(service.get("launchConfig") or {}),
            _endpoints(service),
            _reason(service),
        ),
    )


@click.command()
@click.option("-a", "--all", "everything", is_flag=True, help="Also what is not running.")
@output_option
@quiet_option
@click.pass_context
def containers(ctx: click.Context, everything: bool, output: str, quiet: bool) -> None:
    """List the containers, on whichever host they run."""
    client = Client.of(ctx)
    found = [
        container
        for container in client.list(client.in_project("containers"))
        if everything or container["state"] not in ENDED
    ]
    names = {} if quiet or output != "table" else _names(client, "hosts")
    _print(found, output, quiet, CONTAINER_COLUMNS, lambda container: _container(container, names, ""))


def _print(
    found: list[Resource],
    output: str,
    quiet: bool,
    columns: Sequence[str],
    row: Callable[[Resource], Row] | None,
) -> None:
    """Print the resources as ids, a document, or a table."""
    if quiet:
        for resource in found:
            click.echo(resource["id"])
    elif output == "table" and row is not None:
        emit_rows(columns, map(row, found))
    else:
        emit(found, output)


def _tree(client: Client, services: Iterable[Resource], containers: Iterable[Resource]) -> Iterator[Row]:
    """Rows of services, each followed by its containers, then the other containers."""
    hosts, stacks = _names(client, "hosts"), _names(client, "environments")
    of_service: dict[str | None, list[Resource]] = defaultdict(list)
    for container in containers:
        of_service[container.get("serviceId")].append(container)
    for service in sorted(services, key=lambda each: _qualified(each, stacks)):
        yield (
            service["id"],
            _qualified(service, stacks),
            service["state"],
            service.get("healthState"),
            _image(service.get("launchConfig") or {}),
            None,
            None,
            _endpoints(service),
            _reason(service),
        )
        for container in of_service.pop(service["id"], []):
            yield _container(container, hosts, "  ")
    for rest in of_service.values():
        for container in rest:
            yield _container(container, hosts, "")


def _container(container: Resource, hosts: dict[str, str], indent: str) -> Row:
    return (
        container["id"],
        f"{indent}{find.name_of(container)}",
        container["state"],
        _health(container),
        _image(container),
        container.get("primaryIpAddress"),
        hosts.get(container.get("hostId") or "", container.get("hostId")),
        " ".join(str(port) for port in container.get("ports") or []),
        _reason(container) or container.get("healthReason"),
    )


def _health(container: Resource) -> str | None:
    """A container's health and since when, as ``unhealthy 3m``; none if it is not checked or does not run."""
    health = container.get("healthState")
    if health is None or container["state"] in ENDED:
        return None
    return f"{health} {age(container.get('healthSinceTS'))}".strip()


def _print_checks(client: Client, containers: Iterable[Resource], output: str, quiet: bool) -> None:
    """Print what each checker of the containers says, and the engine's own checks."""
    of_id = {container["id"]: container for container in containers}
    rows = client.list(client.in_project("healthcheckInstanceHostMaps"))
    found = [row for row in rows if row.get("instanceId") in of_id]
    found += [_of_engine(each) for each in of_id.values() if each.get("engineHealth") and each["state"] not in ENDED]
    found.sort(key=lambda row: find.name_of(of_id[row["instanceId"]]))
    hosts = _names(client, "hosts") if output == "table" else {}
    _print(
        found,
        output,
        quiet,
        CHECK_COLUMNS,
        lambda row: (
            find.name_of(of_id[row["instanceId"]]),
            _checker(row, hosts),
            row.get("verdict"),
            age(row.get("sinceTS")),
            _shortened(row.get("reason") or ""),
        ),
    )


def _shortened(reason: str) -> str:
    return reason if len(reason) <= REASON else f"{reason[: REASON - 1]}…"


def _of_engine(container: Resource) -> Resource:
    """The word of the engine's own check, in the form of a checker's row; the container's id stands for its own."""
    said = container["engineHealth"]
    since = said.get("since")
    return {
        "id": container["id"],
        "type": "engineHealth",
        "instanceId": container["id"],
        "hostId": container.get("hostId"),
        "verdict": said["state"],
        "since": since,
        "sinceTS": None if since is None else int(datetime.fromisoformat(since).timestamp() * 1000),
        "reason": said.get("output"),
    }


def _checker(row: Resource, hosts: dict[str, str]) -> str:
    name = hosts.get(row.get("hostId") or "", str(row.get("hostId")))
    return f"engine of {name}" if row.get("type") == "engineHealth" else name


def _named(
    found: Iterable[Resource], containers: list[Resource], services: list[Resource]
) -> tuple[list[Resource], list[Resource]]:
    """The containers and services that were found or belong to what was found."""
    ids: dict[str, set[str]] = {type: set() for type in LISTED}
    for resource in found:
        ids[find.type_of(resource)].add(resource["id"])
    whole = {each["id"] for each in services if each["id"] in ids["service"] or each["environmentId"] in ids["stack"]}
    chosen = [
        each
        for each in containers
        if each.get("serviceId") in whole or each["id"] in ids["container"] or each.get("hostId") in ids["host"]
    ]
    shown = whole | {each.get("serviceId") for each in chosen}
    return chosen, [each for each in services if each["id"] in shown]


def _names(client: Client, plural: str) -> dict[str, str]:
    return {each["id"]: find.name_of(each) for each in client.list(client.in_project(plural))}


def _qualified(service: Resource, stacks: dict[str, str]) -> str:
    return f"{stacks.get(service.get('environmentId') or '', '')}/{service['name']}".lstrip("/")


def _image(config: Resource) -> str:
    return str(config.get("imageUuid") or "").removeprefix("docker:")


def _scale(service: Resource) -> str | None:
    wanted, current = service.get("scale"), service.get("currentScale")
    return None if wanted is None else str(wanted) if current in (None, wanted) else f"{current} of {wanted}"


def _endpoints(service: Resource) -> str:
    return " ".join(f"{point.get('ipAddress')}:{point.get('port')}" for point in service.get("publicEndpoints") or [])


def _reason(resource: Resource) -> str | None:
    """Why the last process failed, or what the links wait for; empty if all is well."""
    if resource.get("transitioning") == "error":
        return resource.get("transitioningMessage")
    waits = ", ".join(f"{link['stack']}/{link['service']}" for link in resource.get("waitsFor") or [])
    return f"waits for {waits}" if waits else None


def _services_of(stack: Resource, services: Iterable[Resource]) -> str:
    return " ".join(
        f"{service['name']}:{service['state']}({service.get('scale')})"
        for service in services
        if service.get("environmentId") == stack["id"]
    )
