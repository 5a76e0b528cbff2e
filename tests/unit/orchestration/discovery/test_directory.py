# SPDX-License-Identifier: Apache-2.0
"""Which host gets which items, what a change sends, and that many changes end where one look at everything does."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from names_model import Hosts, model

from orca.orchestration.discovery.directory import PARTS, Directory
from orca.orchestration.discovery.graph import Facts
from orca.orchestration.discovery.scopes import ContainerLink, Member, Service, ServiceLink

WEB, DB = Service(1, "web", 1, "shop"), Service(2, "db", 1, "shop")
OTHER = Service(3, "other", 2, "aside")


def member(id: int, service: Service | None, host: int, **more: object) -> Member:
    service_id = None if service is None else service.id
    return replace(Member(id, f"10.42.{host}.{id}", service_id, host_id=host), **more)


def facts(services=(), members=(), links=(), ties=(), hosts=()) -> Facts:
    return Facts(
        services={each.id: each for each in services},
        members={each.id: each for each in members},
        service_links=dict(enumerate(links)),
        container_links=dict(enumerate(ties)),
        hosts=dict.fromkeys(hosts, True),
    )


def shop() -> tuple[Directory, Hosts]:
    """A web container on host 1 with a link to the database on host 2, and another stack on host 3."""
    directory, hosts = Directory(), Hosts()
    members = [member(1, WEB, 1), member(2, DB, 2), member(3, OTHER, 3)]
    hosts.take(directory.learn(facts([WEB, DB, OTHER], members, [ServiceLink(1, 2, "data")], hosts=(1, 2, 3))))
    return directory, hosts


def test_a_host_gets_the_scopes_that_its_containers_use():
    _, hosts = shop()
    assert hosts.items[1] == {
        "names/service-1": {"names": {"data": ["10.42.2.2"], "web": ["10.42.1.1"]}},
        "names/stack-1/1": {"names": {"web.shop": ["10.42.1.1"]}},
        "names/stack-1/2": {"names": {"db.shop": ["10.42.2.2"]}},
        "dns/10.42.1.1": {"scopes": ["service-1", "stack-1"]},
    }
    assert set(hosts.items[3]) == {"names/service-3", "names/stack-2/3", "dns/10.42.3.3"}


def test_a_change_sends_what_changed_and_only_where_it_is_seen():
    directory, _ = shop()
    assert directory.learn(Facts(members={2: member(2, DB, 2, address="10.42.2.9")})) == {
        (1, "names/service-1"): {"names": {"data": ["10.42.2.9"], "web": ["10.42.1.1"]}},
        (1, "names/stack-1/2"): {"names": {"db.shop": ["10.42.2.9"]}},
        (2, "names/service-2"): {"names": {"db": ["10.42.2.9"]}},
        (2, "names/stack-1/2"): {"names": {"db.shop": ["10.42.2.9"]}},
        (2, "dns/10.42.2.9"): {"scopes": ["service-2", "stack-1"]},
        (2, "dns/10.42.2.2"): None,
    }
    assert directory.learn(Facts(services={3: OTHER}, members={2: member(2, DB, 2, address="10.42.2.9")})) == {}


def test_a_host_without_users_of_a_scope_gives_it_up():
    directory, hosts = shop()
    hosts.take(directory.learn(Facts(members={1: None})))
    assert hosts.items[1] == {}
    assert set(hosts.items[2]) == {"names/service-2", "names/stack-1/2", "dns/10.42.2.2"}
    hosts.take(directory.learn(Facts(members={2: None, 3: None})))
    assert not any(hosts.items.values())


def test_names_come_before_who_sees_them_and_go_after():
    directory, _ = shop()
    names = [name for _, name in directory.learn(Facts(members={4: member(4, DB, 3)}))]
    assert names.index("dns/10.42.3.4") > max(names.index(each) for each in ("names/service-2", "names/stack-1/2"))
    names = [name for host, name in directory.learn(Facts(members={4: None})) if host == 3]
    assert names[0] == "dns/10.42.3.4"


def test_a_large_stack_comes_in_a_few_items():
    services = [Service(id, f"s{id}", 1, "shop") for id in range(1, 501)]
    members = [member(id, service, 1, address=f"10.42.1.{id}") for id, service in enumerate(services[:200], 1)]
    directory, hosts = Directory(), Hosts()
    hosts.take(directory.learn(facts(services, members, hosts=(1,))))
    assert len([name for name in hosts.items[1] if name.startswith("names/stack-1/")]) == PARTS
    changed = directory.learn(Facts(members={7: replace(members[6], healthy=False, answers=False)}))
    assert set(changed) == {(1, "names/service-7"), (1, f"names/stack-1/{7 % PARTS}")}


def test_an_agent_that_knows_no_scopes_is_told_all_names_of_each_container():
    directory, hosts = Directory(), Hosts()
    members = [member(1, WEB, 1), member(2, DB, 2)]
    hosts.take(directory.learn(facts([WEB, DB], members, [ServiceLink(1, 2, "data")], hosts=(2,))))
    before = {"data": ["10.42.2.2"], "db.shop": ["10.42.2.2"], "web": ["10.42.1.1"], "web.shop": ["10.42.1.1"]}
    assert hosts.items[1] == {"dns/10.42.1.1": {"names": before}}
    hosts.take(directory.learn(Facts(members={2: None})))
    assert hosts.items[1] == {"dns/10.42.1.1": {"names": {"web": ["10.42.1.1"], "web.shop": ["10.42.1.1"]}}}
    hosts.take(directory.learn(Facts(members={2: members[1]})))
    seen = hosts.seen(1)
    hosts.take(directory.learn(Facts(hosts={1: True})))
    assert hosts.items[1]["dns/10.42.1.1"] == {"scopes": ["service-1", "stack-1"]}
    assert hosts.seen(1) == seen
    hosts.take(directory.learn(Facts(hosts={1: False})))
    assert hosts.items[1] == {"dns/10.42.1.1": {"names": before}}


def test_an_address_that_is_given_on_at_once_belongs_to_its_new_container():
    directory, hosts = shop()
    new = member(9, OTHER, 1, address="10.42.1.1")
    hosts.take(directory.learn(Facts(members={9: new, 1: None})))
    assert hosts.seen(1)["10.42.1.1"] == {
        "other": ["10.42.1.1", "10.42.3.3"],
        "other.aside": ["10.42.1.1", "10.42.3.3"],
    }


def test_a_stack_that_is_renamed_or_goes_takes_its_services_along():
    directory, hosts = shop()
    hosts.take(directory.learn(Facts(stacks={1: "store", 2: "aside"})))
    assert hosts.seen(1)["10.42.1.1"].keys() == {"data", "web", "web.store", "db.store"}
    hosts.take(directory.learn(Facts(stacks={1: None})))
    assert not hosts.items[1] and not hosts.items[2] and hosts.items[3]


# -- any changes ------------------------------------------------------------------------------------------------------

IDS = st.integers(1, 4)
services = st.builds(
    Service,
    IDS,
    st.sampled_from(["web", "db"]),
    st.integers(1, 2),
    st.just(""),
    st.sampled_from([(), (), ("192.0.2.1",), ("api.example.com",)]),
    st.booleans(),
).map(lambda service: replace(service, name=f"{service.name}{service.id}", stack=f"stack{service.stack_id}", project=1))
members = st.builds(
    Member,
    st.integers(1, 6),
    st.just(""),
    st.none() | IDS,
    st.booleans(),
    st.sampled_from(["", "", "side"]),
    st.booleans(),
    st.lists(IDS, max_size=1).map(tuple),
    st.integers(1, 2),
).map(
    lambda each: replace(
        each,
        address=f"10.42.{each.host_id}.{each.id}",
        name=f"C{each.id}",
        project=1,
        selected_by=each.selected_by if each.service_id is None else (),
    )
)
links = st.builds(ServiceLink, IDS, IDS, st.sampled_from(["", "a", "b", "web1", "db2.stack1"]))
ties = st.builds(ContainerLink, st.integers(1, 6), st.integers(1, 6), st.sampled_from(["a", "c"]))


KINDS = ["services", "members", "members", "service_links", "container_links", "hosts", "projects"]


@st.composite
def changes(draw: st.DrawFn) -> Facts:
    """A few facts; what they are about may be gone."""
    found = Facts()
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(KINDS))
        if kind == "projects":
            found.projects[1] = draw(st.booleans())
            continue
        if kind == "hosts":
            found.hosts[draw(st.integers(1, 2))] = draw(st.booleans())
            continue
        value = draw({"services": services, "members": members, "service_links": links, "container_links": ties}[kind])
        id = value.id if kind in ("services", "members") else draw(st.integers(0, 4))
        getattr(found, kind)[id] = draw(st.sampled_from([value, value, None]))
    return found


@given(st.lists(changes(), min_size=1, max_size=12))
def test_any_changes_end_where_one_look_at_everything_does(batches: list[Facts]):
    known, directory, hosts = Facts(), Directory(), Hosts()
    for batch in batches:
        for kind in set(KINDS):
            getattr(known, kind).update(getattr(batch, kind))
        tied = {id for tie in known.container_links.values() if tie for id in (tie.consumer, tie.target)}
        # As the worker does: who is tied is looked at with the link.
        batch.members.update({id: known.members[id] for id in tied & known.members.keys()})
        if batch.projects.get(1):
            batch.members.update({id: each for id, each in known.members.items() if each and each.service_id is None})
        hosts.take(directory.learn(batch))
    fresh = Directory()
    whole = Hosts()
    whole.take(fresh.learn(known))
    for host in (1, 2):
        assert directory.items(host) == fresh.items(host) == hosts.items[host] == whole.items[host]
    living = {kind: [each for each in getattr(known, kind).values() if each] for kind in Facts.__slots__[:4]}
    wide = known.projects.get(1, False)
    expected = model(*(living[kind] for kind in Facts.__slots__[:4]), wide=wide)
    seen = hosts.seen(1) | hosts.seen(2)
    assert {address: names for address, names in seen.items() if names} == {
        address: names for address, names in expected.items() if names
    }
