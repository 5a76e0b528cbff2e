# SPDX-License-Identifier: Apache-2.0
"""Who sees which names."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from names_model import tables

from orca.orchestration.discovery.scopes import ContainerLink, Member, Service, ServiceLink

WEB = Service(1, "web", 1, "shop")
CACHE = Service(2, "memcached", 1, "shop")
OTHER = Service(3, "Db", 2, "data")
MEMBERS = [
    Member(1, "10.42.1.10", 1),
    Member(2, "10.42.2.10", 1),
    Member(3, "10.42.2.11", 2),
    Member(4, "10.42.1.11", 3),
    Member(5, "10.42.1.12"),
]


def test_siblings_and_own_stack_are_seen():
    names = tables([WEB, CACHE, OTHER], MEMBERS)["10.42.1.10"]
    assert names == {
        "memcached.shop": ["10.42.2.11"],
        "web": ["10.42.1.10", "10.42.2.10"],
        "web.shop": ["10.42.1.10", "10.42.2.10"],
    }


def test_an_unlinked_short_name_is_not_seen():
    result = tables([WEB, CACHE, OTHER], MEMBERS)
    assert "memcached" not in result["10.42.1.10"]
    assert "db.data" not in result["10.42.1.10"]
    assert result["10.42.1.12"] == {}


def test_a_link_is_seen_by_its_alias_and_in_one_direction():
    result = tables([WEB, CACHE, OTHER], MEMBERS, [ServiceLink(1, 2, "cache")])
    assert result["10.42.2.10"]["cache"] == ["10.42.2.11"]
    assert "memcached" not in result["10.42.2.10"]
    assert "web" not in result["10.42.2.11"]


def test_a_link_across_stacks_is_lower_case():
    assert tables([WEB, OTHER], MEMBERS, [ServiceLink(1, 3, "")])["10.42.1.10"]["db"] == ["10.42.1.11"]


def test_one_alias_for_two_services_holds_both():
    links = [ServiceLink(1, 2, "x"), ServiceLink(1, 3, "x")]
    assert tables([WEB, CACHE, OTHER], MEMBERS, links)["10.42.1.10"]["x"] == ["10.42.1.11", "10.42.2.11"]


def test_a_name_without_members_is_absent():
    members = [member for member in MEMBERS if member.service_id != 2]
    names = tables([WEB, CACHE], members, [ServiceLink(1, 2, "memcached")])["10.42.1.10"]
    assert "memcached" not in names
    assert "memcached.shop" not in names


def test_a_starting_container_asks_but_does_not_answer():
    members = [Member(1, "10.42.1.10", 1), Member(2, "10.42.2.10", 1, answers=False)]
    result = tables([WEB], members, container_links=[ContainerLink(1, 2, "two")])
    assert result["10.42.2.10"]["web"] == result["10.42.1.10"]["web"] == ["10.42.1.10"]
    assert "two" not in result["10.42.1.10"]


def test_a_sidekick_has_names_of_its_own_and_does_not_stand_for_its_service():
    result = tables([WEB, CACHE], [*MEMBERS[:3], Member(9, "10.42.1.19", 1, part="logs")])
    assert result["10.42.1.10"]["logs"] == result["10.42.1.19"]["logs"] == ["10.42.1.19"]
    assert result["10.42.2.11"]["logs.web.shop"] == ["10.42.1.19"]
    assert result["10.42.2.11"]["web.shop"] == ["10.42.1.10", "10.42.2.10"]
    assert "logs" not in result["10.42.2.11"]


def test_container_links_lose_to_service_links():
    links = [ContainerLink(1, 5, "db"), ContainerLink(1, 5, "cache"), ContainerLink(5, 1, "web1")]
    result = tables([WEB, CACHE, OTHER], MEMBERS, [ServiceLink(1, 3, "db")], links)
    assert result["10.42.1.10"]["db"] == ["10.42.1.11"]
    assert result["10.42.1.10"]["cache"] == ["10.42.1.12"]
    assert result["10.42.1.12"] == {"web1": ["10.42.1.10"]}


ALIAS = Service(4, "data", 1, "shop", alias=True)
ELSEWHERE = Service(5, "legacy", 1, "shop", elsewhere=("192.0.2.20", "192.0.2.3", "2001:db8::1"))
HOSTED = Service(6, "api", 1, "shop", elsewhere=("api.example.com",))


def test_an_alias_is_answered_with_what_is_behind_it():
    links = [ServiceLink(1, 4, "store"), ServiceLink(4, 2, "x"), ServiceLink(4, 3, "y")]
    result = tables([WEB, CACHE, OTHER, ALIAS], MEMBERS, links)
    assert result["10.42.1.10"]["store"] == ["10.42.1.11", "10.42.2.11"]
    assert result["10.42.2.11"]["data.shop"] == ["10.42.1.11", "10.42.2.11"]
    assert "data" not in result["10.42.1.10"]
    assert "data.shop" not in result["10.42.1.11"]


def test_aliases_of_aliases_end_even_in_a_circle():
    second = Service(7, "more", 1, "shop", alias=True)
    links = [ServiceLink(4, 7, ""), ServiceLink(7, 4, ""), ServiceLink(7, 2, ""), ServiceLink(1, 4, "")]
    result = tables([WEB, CACHE, ALIAS, second], MEMBERS, links)["10.42.1.10"]
    assert result["data"] == result["data.shop"] == result["more.shop"] == ["10.42.2.11"]


def test_a_service_that_is_linked_further_stands_for_itself_alone():
    links = [ServiceLink(1, 2, ""), ServiceLink(2, 3, "")]
    assert tables([WEB, CACHE, OTHER], MEMBERS, links)["10.42.1.10"]["memcached"] == ["10.42.2.11"]


def test_what_is_elsewhere_is_answered_with_its_addresses_or_its_host_name():
    links = [ServiceLink(1, 5, "old"), ServiceLink(1, 6, "")]
    names = tables([WEB, ELSEWHERE, HOSTED], MEMBERS, links)["10.42.1.10"]
    assert names["old"] == names["legacy.shop"] == ["192.0.2.3", "192.0.2.20", "2001:db8::1"]
    assert names["api"] == names["api.shop"] == "api.example.com"


def test_addresses_come_before_a_host_name():
    links = [ServiceLink(4, 6, ""), ServiceLink(4, 2, "")]
    assert tables([WEB, CACHE, ALIAS, HOSTED], MEMBERS, links)["10.42.1.10"]["data.shop"] == ["10.42.2.11"]
    assert tables([WEB, ALIAS, HOSTED], MEMBERS, links)["10.42.1.10"]["data.shop"] == "api.example.com"


def test_who_is_not_judged_yet_answers_to_siblings_only():
    new, links = replace(MEMBERS[0], healthy=False), [ServiceLink(2, 1, "front")]
    result = tables([WEB, CACHE], [new, *MEMBERS[1:3]], links, [ContainerLink(3, 1, "first")])
    assert result["10.42.1.10"]["web"] == result["10.42.2.10"]["web.shop"] == ["10.42.1.10", "10.42.2.10"]
    assert result["10.42.2.11"]["web.shop"] == result["10.42.2.11"]["front"] == ["10.42.2.10"]
    assert "first" not in result["10.42.2.11"]


def test_a_service_whose_containers_do_not_answer_has_names_without_addresses():
    sick = [replace(member, answers=False) for member in MEMBERS[:2]]
    names = tables([WEB, CACHE], [*sick, MEMBERS[2]], [ServiceLink(2, 1, "front")], empty=True)
    assert names["10.42.2.11"]["web.shop"] == names["10.42.2.11"]["front"] == names["10.42.1.10"]["web"] == []
    assert "memcached.shop" in names["10.42.1.10"]
    empty = tables([WEB, CACHE], [MEMBERS[2]], empty=True)["10.42.2.11"]
    assert "web.shop" not in empty, "a service without containers has no name"


def test_a_selected_container_stands_for_the_service_that_selects_it():
    alone = replace(MEMBERS[4], selected_by=(2,))
    result = tables([WEB, CACHE], [MEMBERS[0], alone], [ServiceLink(1, 2, "")])
    assert result["10.42.1.10"]["memcached"] == ["10.42.1.12"]
    assert result["10.42.1.12"] == {}


def test_what_cannot_be_looked_up_is_told_to_nobody():
    odd = Service(1, "web", 1, "my shop")
    links = [ServiceLink(1, 2, "a/b"), ServiceLink(1, 2, "fine")]
    assert tables([odd, CACHE], MEMBERS[:3], links)["10.42.1.10"].keys() == {"web", "fine", "memcached.shop"}


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4), st.sampled_from(["", "a", "b"])), max_size=8))
def test_only_links_open_other_stacks(links: list[tuple[int, int, str]]):
    services = [Service(number, f"s{number}", number, f"t{number}") for number in range(1, 5)]
    members = [Member(number, f"10.42.0.{number}", number) for number in range(1, 5)]
    result = tables(services, members, [ServiceLink(*link) for link in links])
    for number in range(1, 5):
        reach = {target for consumer, target, _ in links if consumer == number} | {number}
        seen = {address for found in result[f"10.42.0.{number}"].values() for address in found}
        assert seen == {f"10.42.0.{target}" for target in reach}


def test_sidekicks_and_containers_have_names_in_their_stack_and_through_links():
    sidekick = Member(9, "10.42.1.19", 1, part="logs", name="shop_web_logs_1")
    web = replace(MEMBERS[0], name="Shop_Web_1")
    result = tables([WEB, CACHE, OTHER], [web, *MEMBERS[2:4], sidekick], [ServiceLink(3, 1, "front")])
    assert result["10.42.2.11"] == {
        "logs.web": ["10.42.1.19"],
        "logs.web.shop": ["10.42.1.19"],
        "memcached": ["10.42.2.11"],
        "memcached.shop": ["10.42.2.11"],
        "shop_web_1": ["10.42.1.10"],
        "shop_web_logs_1": ["10.42.1.19"],
        "web.shop": ["10.42.1.10"],
    }
    assert result["10.42.1.11"] == {
        "db": ["10.42.1.11"],
        "db.data": ["10.42.1.11"],
        "front": ["10.42.1.10"],
        "logs.front": ["10.42.1.19"],
    }


def test_a_sidekick_of_a_service_named_like_its_stack_takes_no_name_of_a_service():
    front, logs = replace(WEB, name="shop"), replace(CACHE, name="logs")
    members = [MEMBERS[0], MEMBERS[2], Member(9, "10.42.1.19", 1, part="logs")]
    assert tables([front, logs], members)["10.42.1.10"]["logs.shop"] == ["10.42.2.11"]


def test_a_container_that_is_sick_has_a_name_without_addresses():
    sick = replace(MEMBERS[2], name="shop_memcached_1", answers=False)
    assert tables([WEB, CACHE], [MEMBERS[0], sick], empty=True)["10.42.1.10"]["shop_memcached_1"] == []


def test_a_whole_project_may_be_seen():
    services = [replace(each, project=7) for each in (WEB, CACHE, OTHER)]
    members = [replace(each, project=7) for each in MEMBERS[1:]]
    members[-1] = replace(members[-1], name="Alone")
    result = tables(services, members, wide=[7])
    assert result["10.42.1.12"] == {
        "alone": ["10.42.1.12"],
        "db.data": ["10.42.1.11"],
        "memcached.shop": ["10.42.2.11"],
        "web.shop": ["10.42.2.10"],
    }
    assert result["10.42.2.10"] == result["10.42.1.12"] | {"memcached": ["10.42.2.11"], "web": ["10.42.2.10"]}
    assert "memcached" not in result["10.42.1.11"], "it is a short name of another stack"
    assert tables(services, members, wide=[8]) == tables(services, members)
