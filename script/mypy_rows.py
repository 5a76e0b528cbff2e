# SPDX-License-Identifier: Apache-2.0
"""Has mypy check what units name by keyword, as in ``tx.find(rows.Instance, hostId=3)``.

The class of a row says which fields there are. Without this plugin mypy takes any keyword, and a misspelt one is an
error at run time only. Values that are written are checked against the field's type; None is checked by the store.
"""

from __future__ import annotations

from collections.abc import Callable

from mypy.nodes import ARG_NAMED_OPT, ARG_STAR2, CallExpr, RefExpr, StrExpr, TypeInfo, Var
from mypy.plugin import MethodSigContext, Plugin
from mypy.types import (
    AnyType,
    FunctionLike,
    Instance,
    NoneType,
    Type,
    TypeOfAny,
    TypeType,
    TypeVarType,
    UnionType,
    get_proper_type,
)

RECORD = "orca.store.record.Record"
OWN = "orca.store.record.Own"
LOOKS = frozenset({"find", "first", "count", "query", "values"})
WRITES = frozenset({"insert", "update"})
BESIDES = frozenset({"data", "liveKey"})
"""What is no field, but can be named: single keys of the JSON column, and the column that keeps rows unique."""


class RowsPlugin(Plugin):
    """See the module."""

    def get_method_signature_hook(self, fullname: str) -> Callable[[MethodSigContext], FunctionLike] | None:
        """The check of one method of a unit."""
        place, _, method = fullname.rpartition(".")
        if place not in ("orca.store.tx.ReadTx", "orca.store.tx.Tx"):
            return None
        if method in LOOKS:
            return _check_names
        return _check_values if method in WRITES else None


def _check_names(context: MethodSigContext) -> FunctionLike:
    """Fail for keywords, and columns by name, that are no fields."""
    row, call = _row_of(context), context.context
    if row is not None and isinstance(call, CallExpr):
        for keyword, argument in zip(call.arg_names, call.args, strict=True):
            # The texts among the positional arguments are columns of `values`.
            name = argument.value if keyword is None and isinstance(argument, StrExpr) else keyword
            if name is not None and name not in BESIDES and _field(row, name) is None:
                context.api.fail(f'"{row.name}" has no field "{name}"', argument)
    return context.default_signature


def _check_values(context: MethodSigContext) -> FunctionLike:
    """Fail for keywords that are no fields, and have mypy compare the values with the fields."""
    signature = _check_names(context)
    row, call = _row_of(context), context.context
    if row is None or not isinstance(call, CallExpr):
        return signature
    fields = {name: field for name in call.arg_names if name and (field := _field(row, name)) is not None}
    if "data" in call.arg_names:
        text, any_type = context.api.named_generic_type("builtins.str", []), AnyType(TypeOfAny.explicit)
        fields["data"] = context.api.named_generic_type("builtins.dict", [text, any_type])
    formal = context.default_signature
    star = formal.arg_kinds.index(ARG_STAR2)
    return formal.copy_modified(
        arg_types=[*formal.arg_types[:star], *fields.values(), formal.arg_types[star]],
        arg_kinds=[*formal.arg_kinds[:star], *(ARG_NAMED_OPT for _ in fields), ARG_STAR2],
        arg_names=[*formal.arg_names[:star], *fields, formal.arg_names[star]],
    )


def _row_of(context: MethodSigContext) -> TypeInfo | None:
    """The class of the rows that a call is about; None where the type is data."""
    if not context.args or not context.args[0]:
        return None
    argument = context.args[0][0]
    if isinstance(argument, RefExpr) and isinstance(argument.node, TypeInfo):
        found = argument.node
    else:
        type = get_proper_type(context.api.get_expression_type(argument))
        if isinstance(type, TypeType):
            type = get_proper_type(type.item)
        if isinstance(type, TypeVarType):
            type = get_proper_type(type.upper_bound)
        if not isinstance(type, Instance):
            return None
        found = type.type
    return found if found.has_base(RECORD) and found.fullname != RECORD else None


def _field(row: TypeInfo, name: str) -> Type | None:
    """The type of what can be written to a field or own key; None when the class has none of that name."""
    symbol = row.get(name)
    if symbol is None or not isinstance(symbol.node, Var) or name.startswith("_") or name == "TYPE":
        return None
    type = get_proper_type(symbol.node.type)
    if isinstance(type, Instance) and type.type.fullname == OWN:
        type = get_proper_type(type.args[0])
    return AnyType(TypeOfAny.unannotated) if type is None else UnionType.make_union([type, NoneType()])


def plugin(version: str) -> type[Plugin]:
    """What mypy asks for."""
    return RowsPlugin
