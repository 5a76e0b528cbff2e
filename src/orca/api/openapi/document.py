# SPDX-License-Identifier: Apache-2.0
"""The document: one path per collection, resource and link, with its operations."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus
from typing import Any

import orca
from orca.api.callers.bearer import COOKIE
from orca.api.openapi import values
from orca.api.openapi.values import Schema, ref
from orca.api.requests.query import MARKER, ORDERS
from orca.resources.validation import MAX_INTEGER, MIN_INTEGER
from orca.resources.views import TypeView, View, view

KEPT = 4
"""Documents that are kept: each is a megabyte or so."""
ERRORS = (400, 401, 403, 404, 405, 409, 413, 422, 429, 431, 501, 503)
OWN_PATHS = frozenset({"schema", "apiVersion", "error", "collection"})
"""Types that have paths of their own here, or none."""
KEYS: list[Schema] = [{"key": []}, {"token": []}, {"cookie": []}]
OPEN = (("/schemas", "get"), ("/schemas/{id}", "get"), ("/token", "post"))
"""The operations without credentials: the visible types, and signing in."""


def show(view: View, base: str) -> dict[str, Any]:
    """The document for a role, with the server's address."""
    return document(view.role, view.version) | {"servers": [{"url": base}]}


@lru_cache(maxsize=KEPT)
def document(role: str, version: str) -> dict[str, Any]:
    """The document of a role without the address."""
    seen = view(role, version)
    listed = [type for _, type in sorted(seen.types.items()) if type.name not in OWN_PATHS]
    paths: dict[str, Any] = {
        "/": {"get": operation("getVersion", "Show the version's links", {200: ref("anyResource")}, tag="api")},
        "/schemas": {"get": operation("listSchemas", "List the types", {200: ref("collection")}, tag="api")},
        "/schemas/{id}": {
            "parameters": [path_parameter("id", "A type's name")],
            "get": operation("getSchema", "One type", {200: ref("anyResource")}, tag="api"),
        },
    }
    for type in listed:
        paths |= type_paths(seen, type)
    for path, method in OPEN:
        if method in paths.get(path, {}):
            paths[path][method]["security"] = [{}, *KEYS]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "orca",
            "version": orca.__version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": f"Version {version} of the API as role {role} sees it. Answers carry their links and "
            "actions: follow them instead of building URLs.",
        },
        "security": KEYS,
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "basic", "description": "Access key and secret key, or a login"},
                "token": {"type": "http", "scheme": "bearer", "description": "The `jwt` of a token"},
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": COOKIE,
                    "description": "The `jwt` of a token, as browsers keep it; changes need the header X-API-CSRF too",
                },
            },
            "schemas": schemas(seen, listed),
            "responses": {
                "error": {"description": "What is wrong, and with which field", "content": json_of(ref("error"))}
            },
        },
    }


# -- paths -------------------------------------------------------------------------------------------------------------


def type_paths(view: View, type: TypeView) -> dict[str, Any]:
    """All paths of one type."""
    paths: dict[str, Any] = {}
    name = type.name[0].upper() + type.name[1:]
    collection = {}
    if "GET" in type.collection_methods:
        collection["get"] = operation(
            f"list{name}", f"List {type.type.plural}", {200: ref(f"{type.name}Collection")}, tag=type.name
        ) | {"parameters": query(type)}
    if "POST" in type.collection_methods:
        made = {"anyOf": [ref(type.name), ref("collection")]}
        collection["post"] = operation(
            f"create{name}", f"Create a {type.name}", {201: made}, tag=type.name, body=ref(f"{type.name}Create")
        )
        collection["post"]["requestBody"]["required"] = "required" in values.body(view, type, "c")
        if type.collection_actions:
            add_actions(view, type, collection["post"])
    if collection:
        paths[f"/{type.path}"] = collection
    one: dict[str, Any] = {}
    resource = {"anyOf": [ref(name) for name in (type.name, *type.children)]} if type.children else ref(type.name)
    if type.type.table and "GET" in type.resource_methods:
        one["get"] = operation(f"get{name}", f"Show a {type.name}", {200: resource}, tag=type.name) | {
            "parameters": [include(type)] if type.links else []
        }
    if type.type.table and "PUT" in type.resource_methods:
        one["put"] = operation(
            f"update{name}", f"Change a {type.name}", {200: resource}, tag=type.name, body=ref(f"{type.name}Update")
        )
    if type.type.table and "DELETE" in type.resource_methods:
        one["delete"] = operation(f"remove{name}", f"Remove a {type.name}", {200: resource}, tag=type.name)
    if type.type.table and type.actions and one:
        one["post"] = act(view, type, name)
    if "post" in collection and one:
        collection["post"]["responses"]["201"]["links"] = {
            each["operationId"]: {"operationId": each["operationId"], "parameters": {"id": "$response.body#/id"}}
            for each in one.values()
        }
    if one:
        paths[f"/{type.path}/{{id}}"] = {"parameters": [path_parameter("id", f"The id of a {type.name}")], **one}
    if type.links and "get" in one:
        paths[f"/{type.path}/{{id}}/{{link}}"] = {
            "parameters": [
                path_parameter("id", f"The id of a {type.name}"),
                path_parameter("link", "A link's name", sorted(name.lower() for name in type.links)),
            ],
            "get": operation(
                f"follow{name}", f"Follow a link of a {type.name}", {200: ref("anyResource")}, tag=type.name
            ),
        }
    return paths


def act(view: View, type: TypeView, name: str) -> Schema:
    """Actions share one path; a parameter names the action."""
    inputs = sorted({action.input for action in type.actions.values() if action.input and action.input in view.types})
    listed = "; ".join(
        f"`{action.name}`" + (f" takes {action.input}" if action.input else "") for action in type.actions.values()
    )
    done = {200: ref("anyResource"), 202: ref("anyResource")}
    body = {"anyOf": [*(ref(f"{input}Input") for input in inputs), {"type": "object"}]}
    post = operation(f"act{name}", f"Run an action of a {type.name}", done, tag=type.name, body=body)
    post["description"] = f"{listed}. The resource's `actions` are those possible now."
    post["parameters"] = [
        {"name": "action", "in": "query", "required": True, "schema": {"enum": sorted(type.actions)}},
    ]
    return post


def add_actions(view: View, type: TypeView, post: Schema) -> None:
    """Actions of a collection share its POST: with the parameter, nothing is created."""
    actions = [action for action in type.collection_actions.values() if action.input in view.types]
    outputs = [ref(action.output) for action in actions if action.output]
    body = {"anyOf": [ref(f"{type.name}Create"), *(ref(f"{input}Input") for input in {each.input for each in actions})]}
    post["requestBody"]["content"] = json_of(body)
    post["description"] = "; ".join(f"action `{action.name}` takes {action.input}" for action in actions)
    post["parameters"] = [{"name": "action", "in": "query", "schema": {"enum": sorted(type.collection_actions)}}]
    for status in (HTTPStatus.OK, HTTPStatus.ACCEPTED):
        content = json_of({"anyOf": outputs})
        post["responses"][str(status.value)] = {"description": status.phrase, "content": content}


def operation(id: str, summary: str, answers: dict[int, Schema], *, tag: str, body: Schema | None = None) -> Schema:
    """One operation with its answers and errors."""
    responses: dict[str, Any] = {
        str(status): {"description": HTTPStatus(status).phrase, "content": json_of(schema)}
        for status, schema in answers.items()
    }
    responses |= {str(status): {"$ref": "#/components/responses/error"} for status in ERRORS}
    found: Schema = {"operationId": id, "summary": summary, "tags": [tag], "responses": responses}
    if body is not None:
        found["requestBody"] = {"content": json_of(body)}
    return found


def json_of(schema: Schema) -> Schema:
    """A body of JSON."""
    return {"application/json": {"schema": schema}}


def path_parameter(name: str, description: str, options: list[str] | None = None) -> Schema:
    """A part of a path."""
    schema: Schema = {"type": "string", "minLength": 1} if options is None else {"type": "string", "enum": options}
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def query(type: TypeView) -> list[Schema]:
    """The parameters that filter, order and page a collection."""
    if not type.type.table:
        return []
    number = {"type": "integer", "minimum": MIN_INTEGER, "maximum": MAX_INTEGER}
    marker = {"type": "string", "pattern": f"^{MARKER}$"}
    parameters: list[Schema] = [
        parameter("limit", "Resources per page", number),
        parameter("marker", "Where the page begins: from `pagination.next`", marker),
    ]
    if type.filters:
        conditions = {
            name if modifier == "eq" else f"{name}_{modifier}": {"type": "string"}
            for name, modifiers in type.filters.items()
            for modifier in modifiers
        }
        parameters += [
            parameter("sort", "The field to order by", {"type": "string", "enum": list(type.filters)}),
            parameter("order", "", {"type": "string", "enum": list(ORDERS)}),
            parameter("filter", "Any number of `field=value`, `field_modifier=value`", {"properties": conditions})
            | {"style": "form", "explode": True},
        ]
        parameters[-1]["schema"] |= {"type": "object", "additionalProperties": False}
    return parameters + ([include(type)] if type.links else [])


def include(type: TypeView) -> Schema:
    """The parameter that includes linked resources."""
    return parameter("include", "A link whose end is put inside", {"type": "string", "enum": sorted(type.links)})


def parameter(name: str, description: str, schema: Schema) -> Schema:
    """An optional part of the query."""
    return {"name": name, "in": "query", "schema": schema} | ({"description": description} if description else {})


# -- schemas -----------------------------------------------------------------------------------------------------------

LINKS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
FRAME: dict[str, Schema] = {"type": {"type": "string"}, "links": LINKS, "actions": LINKS}

COMMON: dict[str, Schema] = {
    "error": {
        "type": "object",
        "required": ["id", "type", "status", "code", "message"],
        "properties": {
            **FRAME,
            "id": {"type": "string", "description": "Under this id the server's log tells more"},
            "type": {"const": "error"},
            "status": {"type": "integer"},
            "code": {"type": "string", "description": "The reason, for programs"},
            "message": {"type": ["string", "null"]},
            "detail": {"type": ["string", "null"]},
            "fieldName": {"type": "string", "description": "The field with the error"},
        },
    },
    "collection": {
        "type": "object",
        "required": ["type", "resourceType", "links", "data"],
        "properties": {
            **FRAME,
            "type": {"const": "collection"},
            "resourceType": {"type": "string"},
            "data": {"type": "array", "items": ref("anyResource")},
            "createTypes": LINKS,
            "createDefaults": {"type": "object"},
            "filters": {"type": "object"},
            "sortLinks": LINKS,
            "sort": {"type": ["object", "null"]},
            "pagination": {
                "type": ["object", "null"],
                "properties": {
                    "next": {"type": ["string", "null"]},
                    "limit": {"type": "integer"},
                    "partial": {"type": "boolean"},
                },
            },
        },
    },
    "anyResource": {"type": "object", "required": ["type"], "properties": FRAME},
}


def schemas(view: View, listed: list[TypeView]) -> dict[str, Schema]:
    """Every type as it is shown, and as it is given."""
    found = dict(COMMON)
    fields = {each.field.type for type in listed for each in type.fields.values()}
    inside = {type.removeprefix("array[").removeprefix("map[").rstrip("]") for type in fields}
    for type in listed:
        found[type.name] = resource(view, type)
        if not type.type.table or type.name in inside:
            found[f"{type.name}Input"] = values.body(view, type, "c", part=True)
        if "GET" in type.collection_methods:
            each = [ref(name) for name in (type.name, *type.children)]
            data = {"type": "array", "items": {"anyOf": each} if type.children else each[0]}
            found[f"{type.name}Collection"] = {"allOf": [ref("collection"), {"properties": {"data": data}}]}
        if "POST" in type.collection_methods:
            found[f"{type.name}Create"] = values.body(view, type, "c")
        if "PUT" in type.resource_methods:
            found[f"{type.name}Update"] = values.body(view, type, "u")
    return found


def resource(view: View, type: TypeView) -> Schema:
    """A type as it is shown."""
    properties = {
        name: values.shown(view, each.field)
        for name, each in sorted(type.fields.items())
        if name != "id" and set("ro") & set(each.letters)
    }
    # An included link stands in the place of a field of its name.
    included = {"anyOf": [{"type": "array", "items": ref("anyResource")}, ref("anyResource")]}
    properties |= {name: {"anyOf": [properties[name], included]} for name in type.links if name in properties}
    dates = [name for name, each in type.fields.items() if each.field.type == "date" and name in properties]
    properties |= {f"{name}TS": {"type": "integer", "description": "in milliseconds"} for name in dates}
    if not type.type.table:
        return {"type": "object", "properties": properties}
    frame = FRAME | {"id": {"type": "string"}, "baseType": {"type": "string"}}
    return {"type": "object", "required": ["id", "type", "links", "actions"], "properties": properties | frame}
