# SPDX-License-Identifier: Apache-2.0
"""What follows from all declarations together."""

import pytest

from orca.resources import TYPES, ids, processes_of, schema
from orca.resources.fields import Field
from orca.resources.tables import snake
from orca.resources.validation import SCALARS
from orca.resources.views import inherited_fields, ties, view

STORED = [type for type in TYPES.values() if type.table]


def parts(type: str) -> list[str]:
    """The types a field type is made of."""
    if "[" in type:
        return parts(type[type.index("[") + 1 : -1])
    return [type]


@pytest.mark.parametrize("type", TYPES.values(), ids=lambda type: type.name)
def test_every_field_has_a_known_type(type):
    for name, field in type.all_fields.items():
        assert isinstance(field, Field)
        for part in parts(field.type):
            assert part in TYPES or part in SCALARS, f"{type.name}.{name}: {field.type}"


@pytest.mark.parametrize("type", STORED, ids=lambda type: type.name)
def test_every_stored_type_has_a_place(type):
    stored = schema()[type.name]
    fields = inherited_fields(type)
    for name in fields:
        assert name == "data" or (name in stored.columns) != (name in stored.json_fields), name
    assert ids.show(type.name, 7).endswith("7")


@pytest.mark.parametrize("type", STORED, ids=lambda type: type.name)
def test_state_machines_are_closed(type):
    processes = processes_of(type.name)
    for name, process in processes.items():
        assert process.start == process.via.keys(), name
        assert set(process.via.values()) == set(process.done), name
        if process.chain is not None:
            assert process.chain in processes
            assert set(process.done.values()) <= processes[process.chain].start


def test_links_lead_to_declared_types():
    for role in ("admin", "project", "superadmin"):
        for type in view(role, "v2").types.values():
            for link in type.links.values():
                assert link.type in view(role, "v2").types
                if link.link is not None:
                    assert link.link.target in schema()[link.link.through or link.type].columns
                    assert link.link.source in schema()[type.name].columns


def test_no_role_reads_inner_fields():
    hidden = {"secretHash", "registrationKey", "caKey", "meshCsr", "epoch", "leaseUntil"}
    for role in ("superadmin", "admin", "project", "agent", "register"):
        for version in ("v1", "v2"):
            for type in view(role, version).types.values():
                assert not hidden & type.fields.keys(), (role, type.name)


def test_small_roles_see_little():
    assert set(view("register", "v1").types) == {"register", "schema", "error"}
    assert set(view("token", "v1").types) == {"schema", "token"}
    assert set(view("agent", "v1").types) == {
        *("agent", "containerEvent", "error", "externalEvent", "hostApiProxyToken", "publish", "schema"),
        *("externalDnsEvent", "externalServiceEvent", "externalStoragePoolEvent", "externalVolumeEvent"),
        *("serviceEvent", "storagePool", "subscribe", "volume"),
    }


@pytest.mark.parametrize("role", ["admin", "user", "project", "owner", "member"])
def test_what_only_v2_shows_is_looked_at(role):
    address_range = view(role, "v2").types["subnet"]
    assert (address_range.letters, dict(address_range.actions)) == ("r", {})
    assert view(role, "v2").types["network"].actions.keys() == view(role, "v1").types["network"].actions.keys() != set()


def test_who_only_looks_changes_nothing():
    for role in ("readonly", "readAdmin"):
        for type in view(role, "v2").types.values():
            if type.type.table:
                assert set(type.letters) == {"r"}, (role, type.name)
                assert set(type.actions) <= {"logs"}, (role, type.name)  # the one that changes nothing


def test_owner_and_member_see_what_a_project_key_sees():
    for version in ("v1", "v2"):
        project, owner, member = (view(role, version).types for role in ("project", "owner", "member"))
        assert project == member
        assert {name for name in owner if owner[name] != member[name]} == {"project", "projectMember"}
        for name in ("project", "projectMember"):
            only = owner[name].actions.keys() - member[name].actions.keys()
            assert only == {action for action in owner[name].actions if action in TYPES[name].for_owners}
            assert owner[name].fields == member[name].fields


def test_v1_is_a_part_of_v2():
    for role in ("admin", "project", "agent"):
        old, new = view(role, "v1").types, view(role, "v2").types
        assert old.keys() <= new.keys()
        for name, type in old.items():
            assert type.fields.keys() <= new[name].fields.keys()


def test_names_of_columns():
    assert [snake(name) for name in ("hostId", "name", "requestedIpAddress")] == [
        "host_id",
        "name",
        "requested_ip_address",
    ]


def test_a_map_leads_from_each_of_its_two_ends_to_the_other():
    leading = {link.through for links in ties().values() for _, link in links}
    maps = {name for name, type in TYPES.items() if name.endswith("Map") and type.table}
    # A check belongs to a container, a host and a check; a link leads from a service to a service, under two names.
    assert maps - leading == {"healthcheckInstanceHostMap", "serviceConsumeMap"}
    for name in ("service", "dnsService", "externalService", "loadBalancerService"):
        assert view("owner", "v1").types[name].links["instances"].type in ("instance", "container")
