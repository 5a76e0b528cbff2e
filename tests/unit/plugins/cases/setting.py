# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the server are set and reverted."""

from harness.case import Case, Failure
from harness.conversation import SERVER, api
from harness.resources import ACCESS, listed, refusal

PATH = "/v2/settings"


def setting(name, value, active=None):
    path = f"{SERVER}{PATH}/{name}"
    return {
        "id": name,
        "type": "setting",
        "name": name,
        "value": value,
        "activeValue": active or value,
        "links": {"self": path},
    }


def seen(*rows):
    return api("GET", f"{PATH}?all=true", listed(*rows))


def case(does, arguments, before, after, *calls, **more):
    asked = {"check": [seen(*before)], "change": [seen(*before), *calls, seen(*after)], "settled": [seen(*after)]}
    return Case("setting", does, {**ACCESS, **arguments}, **asked, **more)


IMAGE, OLD, NEW = "agent.image", "orca/agent:1", "orca/agent:2"
CASES = [
    case(
        "sets what differs, makes what is not there, and leaves the rest",
        {"settings": {IMAGE: NEW, "own.flag": True, "same": 1}},
        [setting(IMAGE, OLD), setting("same", "1")],
        [setting(IMAGE, NEW), setting("same", "1"), setting("own.flag", "true")],
        api("PUT", f"{PATH}/{IMAGE}", setting(IMAGE, NEW), body={"value": NEW}),
        api("POST", PATH, setting("own.flag", "true"), body={"name": "own.flag", "value": "true"}),
        gives={"settings": {IMAGE: NEW, "own.flag": "true", "same": "1"}},
        shows=NEW,
    ),
    case(
        "reverts to the default",
        {"settings": {IMAGE: None}, "state": "absent"},
        [setting(IMAGE, OLD)],
        [setting(IMAGE, None, NEW)],
        api("DELETE", f"{PATH}/{IMAGE}", setting(IMAGE, None, NEW)),
        gives={"settings": {IMAGE: NEW}},
        shows=OLD,
    ),
]
FAILURES = [
    Failure(
        "setting",
        "of a value that the server does not take",
        {**ACCESS, "settings": {IMAGE: "two words"}},
        f"PUT {PATH}/{IMAGE} at http://orca.test:8080: ",
        [
            seen(setting(IMAGE, OLD)),
            api(
                "PUT",
                f"{PATH}/{IMAGE}",
                refusal(422, "InvalidOption", fieldName="value", message="no image"),
                status=422,
                body={"value": "two words"},
            ),
        ],
        gives={"status": 422, "code": "InvalidOption", "field": "value"},
    ),
    Failure("setting", "without settings", ACCESS, "missing required arguments: settings"),
]
