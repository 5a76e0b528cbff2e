# SPDX-License-Identifier: Apache-2.0
"""A stack's text and its services: read one, make the others those of it, write them as text again."""

from __future__ import annotations

from typing import Any

from orca.engine import Engine
from orca.orchestration import compose, load_balancer_services, service_links, services, upgrade
from orca.orchestration.compose import Compose
from orca.orchestration.compose_keys import KINDS
from orca.orchestration.compose_labels import SELECTORS
from orca.orchestration.compose_section import LinkSpec
from orca.orchestration.compose_services import ServiceSpec
from orca.orchestration.compose_values import ComposeError
from orca.orchestration.service_checks import CONTAINERLESS
from orca.resources.errors import Refused
from orca.storage.references import NOTHING, is_nothing
from orca.store import ReadTx, Record, Tx

TEXTS = ("dockerCompose", "rancherCompose", "environment")
BALANCER = "loadBalancerService"
DEFAULT_SCALE = 1


def read(fields: dict[str, Any]) -> Compose | None:
    """The compose text among `fields`, None when there is none.

    Raises:
        Refused: text that cannot be used, blamed on the field that holds it.
    """
    text = fields.get("dockerCompose")
    if not text:
        return None
    try:
        return compose.parse(text, fields.get("rancherCompose"), fields.get("environment") or {})
    except ComposeError as error:
        field = "rancherCompose" if str(error).startswith("rancher-compose") else "dockerCompose"
        raise Refused("InvalidFormat", str(error), field=field) from error


def check_kinds(tx: ReadTx, stack: Record, wanted: Compose | None) -> None:
    """Refuse text that makes another kind of a service that exists.

    Raises:
        Refused: see above.
    """
    present = _present(tx, stack)
    for spec in wanted.services if wanted else ():
        row = present.get(spec.name.casefold())
        if row is not None and row.kind != spec.kind:
            message = f"service {spec.name} is of kind {row.kind} and cannot become {spec.kind}: use another name"
            raise Refused("InvalidOption", message, field="dockerCompose")


def apply(tx: Tx, engine: Engine, stack: Record, wanted: Compose, *, start: bool, replace: bool = False) -> list[str]:
    """Make the services of `stack` those of `wanted`; returns notes for the process log.

    Services that the text does not have any more are removed. A changed launch config of an existing service is noted
    and left alone: replacing running containers is an upgrade, which is asked for by itself (`replace`).

    Raises:
        Refused: a link or a certificate that leads nowhere, a name that cannot be used, a service that would have to
            become one of another kind, or that takes no change in its state.
    """
    check_kinds(tx, stack, wanted)
    notes = list(wanted.warnings)
    present = _present(tx, stack)
    named: dict[str, Record] = {}
    for spec in wanted.services:
        fields = {**spec.fields, **_by_name(tx, stack, spec)}
        row = present.pop(spec.name.casefold(), None)
        if row is None:
            row = _make(tx, engine, stack, spec, fields, start=start)
            notes.append(f"service {spec.name}: created" + (f" with scale {row.scale}" if "scale" in fields else ""))
        else:
            notes += _change(tx, engine, row, spec, fields, replace=replace)
        named[spec.name.casefold()] = row
    for spec in wanted.services:
        if _link(tx, stack, named, spec):
            notes.append(f"service {spec.name}: links set")
    for row in present.values():
        engine.request(tx, row, "remove")
        notes.append(f"service {row.name}: removed")
    return notes


def specs(tx: ReadTx, stack: Record, ids: set[int]) -> list[ServiceSpec]:
    """The services of a stack as text would state them; with `ids`, only those."""
    found = [row for row in tx.find("service", environmentId=stack.id) if not ids or row.id in ids]
    return [_spec(tx, stack, row, {other.id for other in found}) for row in found]


# -- from specs to rows -----------------------------------------------------------------------------------------------


def _present(tx: ReadTx, stack: Record) -> dict[str, Record]:
    rows = tx.find("service", environmentId=stack.id)
    return {row.name.casefold(): row for row in rows if row.state != "removing"}


def _by_name(tx: ReadTx, stack: Record, spec: ServiceSpec) -> dict[str, Any]:
    """The fields that name certificates, with their ids."""

    def id_of(name: str) -> int:
        row = tx.first("certificate", accountId=stack.accountId, name=name)
        if row is None:
            raise Refused("InvalidReference", f"service {spec.name}: there is no certificate {name!r}")
        return int(row.id)

    return {
        field: [id_of(name) for name in names] if isinstance(names, list) else id_of(names)
        for field, names in spec.certificates.items()
    }


def _make(tx: Tx, engine: Engine, stack: Record, spec: ServiceSpec, fields: dict[str, Any], *, start: bool) -> Record:
    given = {**fields, "name": spec.name, "startOnCreate": start and fields.get("startOnCreate", True)}
    if spec.kind == BALANCER:
        row = load_balancer_services.make(tx, engine, stack, given)
    else:
        row = services.make(tx, engine, stack, given, kind=spec.kind)
    return tx.update(row, data={"strategy": spec.strategy or None})


def _change(
    tx: Tx, engine: Engine, row: Record, spec: ServiceSpec, fields: dict[str, Any], *, replace: bool
) -> list[str]:
    """Follow what can change while the service runs; note what only an upgrade can change."""
    if (row.data.get("strategy") or {}) != spec.strategy:
        tx.update(row, data={"strategy": spec.strategy or None})
    # What the text does not say any more is as if it had never been said.
    wanted = {name: fields.get(name) for name in _followed(row.kind)}
    if "scale" in wanted:
        wanted["scale"] = fields.get("scale", DEFAULT_SCALE)
    changed = {name: value for name, value in wanted.items() if (row.get(name) or None) != (value or None)}
    notes = [f"service {row.name}: {name} follows" for name in sorted(changed)]
    if changed:
        row = services.change(tx, engine, row, changed)
        if row.kind == BALANCER:
            load_balancer_services.follow(tx, row)
    outdated = _outdated(row, fields)
    if not outdated:
        return notes
    what = _differences(row, outdated)
    if not replace:
        return [*notes, f"service {row.name}: {what} changed: its containers stay until it is upgraded"]
    upgrade.begin_in_service(tx, row, {**spec.strategy, **outdated})
    engine.request(tx, row, "upgrade")
    return [*notes, f"service {row.name}: upgraded for {what}"]


def _followed(kind: str) -> set[str]:
    """The fields of a service that follow the text while it runs."""
    said = KINDS[kind]
    fields = {entry.field for keys in (said.service, said.certificates) for entry in keys.values()}
    followed = (fields | set(SELECTORS.values())) - {"startOnCreate"}
    return followed | {"launchConfig"} if kind in CONTAINERLESS else followed


def _outdated(row: Record, fields: dict[str, Any]) -> dict[str, Any]:
    """The launch configs that differ from those of the service, as an upgrade takes them."""
    if row.kind in CONTAINERLESS:
        return {}
    found: dict[str, Any] = {}
    if _plain(row.launchConfig) != _plain(fields["launchConfig"]):
        found["launchConfig"] = fields["launchConfig"]
    before = {config["name"]: config for config in _sidekicks(row)}
    after = {config["name"]: config for config in fields.get("secondaryLaunchConfigs") or []}
    sidekicks = [config for name, config in after.items() if _plain(before.get(name)) != _plain(config)]
    sidekicks += [{"name": name, "imageUuid": f"docker:{NOTHING}"} for name in before.keys() - after.keys()]
    return {**found, "secondaryLaunchConfigs": sidekicks} if sidekicks else found


def _differences(row: Record, outdated: dict[str, Any]) -> str:
    """What differs, in words."""
    before, after = _plain(row.launchConfig), _plain(outdated.get("launchConfig", row.launchConfig))
    fields = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    sidekicks = [f"sidekick {config['name']}" for config in outdated.get("secondaryLaunchConfigs", [])]
    return ", ".join([*fields, *sidekicks])


def _link(tx: Tx, stack: Record, named: dict[str, Record], spec: ServiceSpec) -> bool:
    """Make the links of a service those of its spec; False when they are so already."""
    row = named[spec.name.casefold()]
    targets = [(int(_target(tx, stack, named, link).id), link) for link in spec.links]
    changed = service_links.set_links(tx, row, [(id, link.alias) for id, link in targets])
    if row.kind == BALANCER:
        for id, link in targets:
            changed |= load_balancer_services.keep_ports(tx, row, id, link.alias, link.rules)
    return changed


def _target(tx: ReadTx, stack: Record, named: dict[str, Record], link: LinkSpec) -> Record:
    if link.stack is None:
        return named[link.service.casefold()]
    for other in tx.find("environment", accountId=stack.accountId):
        if other.name.casefold() == link.stack.casefold():
            row = _present(tx, other).get(link.service.casefold())
            if row is None:
                raise Refused("InvalidReference", f"external_links: stack {link.stack} has no service {link.service}")
            return row
    raise Refused("InvalidReference", f"external_links: there is no stack {link.stack}")


# -- from rows to specs -----------------------------------------------------------------------------------------------


def _spec(tx: ReadTx, stack: Record, row: Record, inside: set[int]) -> ServiceSpec:
    """A service as text would state it; what is not `inside` is elsewhere."""
    named = {entry.field for entry in KINDS[row.kind].certificates.values()}
    fields = {name: row.get(name) for name in _followed(row.kind) - named if row.get(name) is not None}
    if row.state == "inactive" and stack.startOnCreate:
        fields["startOnCreate"] = False
    if config := _plain(row.launchConfig):
        fields["launchConfig"] = config
    if sidekicks := _sidekicks(row):
        fields["secondaryLaunchConfigs"] = [{"name": config["name"], **_plain(config)} for config in sidekicks]
    links = [_link_spec(tx, row, target, name, inside) for target, name in service_links.links_of(tx, row)]
    certificates = {field: _names(tx, row.get(field)) for field in named if row.get(field)}
    return ServiceSpec(row.name, row.kind, fields, tuple(links), certificates, row.data.get("strategy") or {})


def _link_spec(tx: ReadTx, row: Record, target_id: int, name: str, inside: set[int]) -> LinkSpec:
    target = tx.require("service", target_id)
    stack = None if target.id in inside else tx.require("environment", target.environmentId).name
    tie = tx.first("serviceConsumeMap", serviceId=row.id, consumedServiceId=target_id, name=name or None)
    rules = tuple(tie.ports or ()) if tie is not None else ()
    return LinkSpec(target.name, name or target.name, stack, rules)


def _names(tx: ReadTx, ids: Any) -> Any:
    if isinstance(ids, list):
        return [_names(tx, id) for id in ids]
    return tx.require("certificate", ids).name


def _sidekicks(row: Record) -> list[dict[str, Any]]:
    """The sidekicks that a service has; an upgrade takes one away by an image that stands for nothing."""
    return [config for config in row.secondaryLaunchConfigs or [] if not is_nothing(config.get("imageUuid"))]


def _plain(config: dict[str, Any] | None) -> dict[str, Any]:
    """A launch config as text states it: without its version, and without what goes without saying."""
    return {
        name: value
        for name, value in (config or {}).items()
        if value is not None and name not in ("name", "version") and (name, value) != ("networkMode", "managed")
    }
