# SPDX-License-Identifier: Apache-2.0
"""What a unit can do: find, insert, update. A unit is a plain function of a ``Tx``; it does no I/O of its own.

Within one unit the same row is always the same ``Record``, so that two places updating it do not undo each other.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar, cast, overload

import msgspec
import sqlalchemy as sa

from orca.store import tally
from orca.store.backends import backend_of
from orca.store.driver import Written
from orca.store.errors import MissingField, NotFound, NotUnique
from orca.store.prepared import Prepared, PreparedWrite, rows_of
from orca.store.record import Record, StoredType
from orca.store.schema import Schema
from orca.store.statements import ROW_ID

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

R = TypeVar("R", bound=Record)

UNIQUE = frozenset({"uuid", "liveKey"})
"""Columns with a uniqueness constraint."""


def now_ms() -> int:
    """UTC milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class ReadTx:
    """A consistent view of the database at one instant; ``now`` is the time the unit began (UTC milliseconds).

    A type is named by its class (``rows.Instance``), and its rows are of that class. Where the type is data, its name
    does too; such rows are plain records.
    """

    def __init__(self, connection: sa.Connection, schema: Schema) -> None:
        self.connection = connection
        self.schema = schema
        self.now = now_ms()
        self._records: dict[tuple[str, int], Record] = {}

    @overload
    def get(self, type: type[R], id: int | None) -> R | None: ...

    @overload
    def get(self, type: str, id: int | None) -> Record | None: ...

    def get(self, type: str | type[Record], id: int | None) -> Record | None:
        """The row with that id, also if it is removed; None if there is none of that type."""
        if id is None:
            return None
        stored = self.schema[type]
        record = self._records.get((stored.root, id))
        if record is None:
            found = self._found(stored, stored.statements.by_id, {ROW_ID: id})
            record = found[0] if found else None
        if record is None or (stored.kinds and record._values["kind"] not in stored.kinds):
            return None
        return record

    def load(self, *wanted: tuple[str | type[Record], int]) -> None:
        """Read rows that are needed next, in one go; ``get`` finds them then."""
        types = [(self.schema[type], id) for type, id in wanted]
        missing = [(stored, id) for stored, id in types if (stored.root, id) not in self._records]
        selects = [(stored.statements.by_id, {ROW_ID: id}) for stored, id in missing]
        if selects:
            for (stored, _), found in zip(missing, rows_of(self.connection, selects), strict=True):
                for row in found:
                    self._record(stored, row)

    @overload
    def require(self, type: type[R], id: int | None) -> R: ...

    @overload
    def require(self, type: str, id: int | None) -> Record: ...

    def require(self, type: Any, id: int | None) -> Record:
        """Like ``get``, but raises ``NotFound``."""
        record: Record | None = self.get(type, id)
        if record is None:
            raise NotFound(self.schema[type].name, id or 0)
        return record

    @overload
    def find(self, type: type[R], **equals: Any) -> list[R]: ...

    @overload
    def find(self, type: str, **equals: Any) -> list[Record]: ...

    def find(self, type: Any, **equals: Any) -> list[Any]:
        """Rows whose columns equal the given values, by id. A list, tuple or set means IN, None means IS NULL.

        Removed rows are left out unless ``removed`` is named (``removed=ANY`` for both).
        """
        stored = self.schema[type]
        return self._found(stored, *stored.statements.search(equals))

    @overload
    def first(self, type: type[R], **equals: Any) -> R | None: ...

    @overload
    def first(self, type: str, **equals: Any) -> Record | None: ...

    def first(self, type: str | type[Record], **equals: Any) -> Record | None:
        """The first row of ``find``, or None."""
        stored = self.schema[type]
        found = self._found(stored, *stored.statements.search(equals, one=True))
        return found[0] if found else None

    def count(self, type: str | type[Record], **equals: Any) -> int:
        """How many rows ``find`` would give."""
        return int(self.values(type, **equals)[0][0])

    def values(self, type: str | type[Record], *columns: str, **equals: Any) -> list[tuple[Any, ...]]:
        """Some columns of the rows that ``find`` would give: much cheaper than records where there are many."""
        stored = self.schema[type]
        self.flush(stored.root)
        statement, parameters = stored.statements.values(columns, equals)
        return statement.rows(self.connection, parameters)

    def query(self, type: str | type[Record], **equals: Any) -> sa.Select[Any]:
        """The SELECT behind ``find``, to be refined with ``.where(...)`` and given to ``rows``."""
        statement, parameters = self.schema[type].statements.search(equals)
        return statement.select.params(**parameters)

    @overload
    def rows(self, type: type[R], statement: sa.Select[Any], parameters: dict[str, Any] | None = None) -> list[R]: ...

    @overload
    def rows(self, type: str, statement: sa.Select[Any], parameters: dict[str, Any] | None = None) -> list[Record]: ...

    def rows(self, type: Any, statement: sa.Select[Any], parameters: dict[str, Any] | None = None) -> list[Any]:
        """Run a SELECT of all columns of the type's table and give its rows as records."""
        stored = self.schema[type]
        self.flush(stored.root)
        return [self._record(stored, tuple(row)) for row in self.connection.execute(statement, parameters)]

    def tally(self, type: str | type[Record]) -> dict[int, int]:
        """How many live rows name each value of the field that the type's rows are counted by (``tally``)."""
        self.flush()
        return tally.numbers(self.connection, self.schema.metadata.tables[tally.TABLE], self.schema[type].root)

    def flush(self, root: str | None = None) -> None:
        """Write pending changes (of one table, or all), so that SQL sees them. A reading unit has none."""

    def table(self, type: str | type[Record]) -> sa.Table:
        """The table of a resource type, or by name a table without resources (steps, for example)."""
        name = type if isinstance(type, str) else type.TYPE
        stored = self.schema.types.get(name)
        return stored.table if stored is not None else self.schema.metadata.tables[name]

    def execute(self, statement: sa.Executable, parameters: dict[str, Any] | None = None) -> sa.CursorResult[Any]:
        """Run any statement. Do not write rows of resource types this way: it would cause no events."""
        self.flush()
        result = self.connection.execute(statement, parameters)
        assert isinstance(result, sa.CursorResult)
        return result

    def ask(self, statement: Prepared, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run a prepared SELECT of any columns."""
        self.flush()
        return statement.rows(self.connection, parameters)

    def _found(self, stored: StoredType, statement: Prepared, parameters: Mapping[str, Any]) -> list[Record]:
        self.flush(stored.root)
        return [self._record(stored, row) for row in statement.rows(self.connection, parameters)]

    def _record(self, stored: StoredType, row: tuple[Any, ...]) -> Record:
        values = dict(zip(stored.keys, row, strict=True))
        known = self._records.get((stored.root, values["id"]))
        if known is not None:
            return known
        text = values.pop("data", None)
        blob = _decode(text) if text else {}
        specific = self.schema.specific(stored.root, values.get("kind"))
        record = specific.row(specific, values, blob)
        self._records[stored.root, values["id"]] = record
        return record


class Tx(ReadTx):
    """A unit of writing. All of it becomes durable together, or none of it does. No other unit runs meanwhile."""

    def __init__(self, connection: sa.Connection, schema: Schema) -> None:
        super().__init__(connection, schema)
        self.touched: dict[tuple[str, int], Record] = {}
        self._held: dict[tuple[str, int], tuple[Record, set[str]]] = {}
        self.callbacks: list[Callable[[], None]] = []
        self._tally = tally.Tally()

    @overload
    def insert(self, type: type[R], /, **fields: Any) -> R: ...

    @overload
    def insert(self, type: str, /, **fields: Any) -> Record: ...

    def insert(self, type: Any, /, **fields: Any) -> Any:
        """Add a row. ``kind``, ``uuid``, ``created`` and, where the type has states, ``state`` have defaults.

        Raises ``NotUnique`` if a constraint is violated, ``MissingField`` without what every row has, ``TypeError``
        for a field that the type does not have.
        """
        stored = self.schema[type]
        values: dict[str, Any] = {key: None for key in stored.keys if key != "data"}
        record = stored.row(stored, values, {})
        defaults = {"kind": stored.name, "uuid": str(uuid.uuid4()), "created": self.now, "state": "requested"}
        values.update({name: value for name, value in defaults.items() if name in values})
        if "kind" in fields:
            specific = self.schema.specific(stored.root, fields["kind"])
            record = specific.row(specific, values, {})
        self._assign(record, fields)
        for name in record._stored.always - fields.keys():
            if values.get(name) is None:
                raise MissingField(record.type, name)
        self._derive(record)
        self._set_live_key(record)
        row = {key: value for key, value in values.items() if key != "id" or value is not None}
        if "data" in stored.keys:
            row["data"] = _encode(record.data).decode() if record.data else None
        try:
            values["id"] = stored.statements.add.run(self.connection, row).id
        except sa.exc.IntegrityError as error:
            raise self._explain(record, error) from error
        self._records[stored.root, values["id"]] = record
        self.touched[stored.root, values["id"]] = record
        self._tally.move(None, tally.key_of(record))
        return record

    def update(self, record: R, /, **fields: Any) -> R:
        """Change fields of a row and its own keys (None removes a key); unchanged values cost nothing.

        ``data={...}`` sets single keys of the JSON column that are known only at run time.

        Returns the unit's own record of that row, which is also ``record`` when it came from this unit.
        """
        own, changed = self._change(record, fields)
        if changed:
            self.touched[own.root, own.id] = own
        return own

    def note(self, record: R, /, **fields: Any) -> R:
        """Like ``update``, for what is nobody else's affair: it causes no event."""
        return self._change(record, fields)[0]

    def _change(self, record: R, fields: dict[str, Any]) -> tuple[R, bool]:
        """The unit's own record with the fields, and whether anything changed."""
        own = self.own(record)
        counted = tally.key_of(own)
        changed = self._assign(own, fields)
        if not changed:
            return own, False
        self._tally.move(counted, tally.key_of(own))
        key = (own.root, own.id)
        held = self._held.setdefault(key, (own, set()))[1]
        held |= changed | self._derive(own)
        if self._set_live_key(own):
            held.add("liveKey")
        if held & UNIQUE:
            # Columns with a constraint are written at once: the caller learns of a violation here, and what one row
            # gives up is free for the next.
            self._write(key)
        if own is not record:
            record._values, record._blob = dict(own._values), own._blob
        return own, True

    def run(self, statement: PreparedWrite, parameters: Mapping[str, Any]) -> Written:
        """Run a prepared write. Not for rows of resource types: it would cause no events."""
        self.flush()
        return statement.run(self.connection, parameters)

    def send(self, statement: PreparedWrite, parameters: Mapping[str, Any]) -> None:
        """Like ``run``, for a caller who does not need the result and need not wait for it."""
        self.flush()
        statement.send(self.connection, parameters)

    def flush(self, root: str | None = None) -> None:
        """Write pending changes: those of one row within a unit become one statement."""
        for key in [key for key in self._held if root is None or key[0] == root]:
            self._write(key)
        if root is None:
            self._tally.write(self.connection, self.schema.metadata.tables[tally.TABLE])

    def _write(self, key: tuple[str, int]) -> None:
        record, changed = self._held.pop(key)
        row = {name: record._values[name] for name in changed if name in record._values}
        if changed - row.keys():
            row["data"] = _encode(record.data).decode()
        change, parameters = record._stored.statements.change, {ROW_ID: record.id, **row}
        if not _may_violate(record, changed):
            change.send(self.connection, parameters)
            return
        try:
            change.run(self.connection, parameters)
        except sa.exc.IntegrityError as error:
            raise self._explain(record, error) from error

    def delete(self, record: Record) -> None:
        """Delete a row. Resources are normally *removed* (a state) and purged later."""
        own = self._records.get((record.root, record.id), record)
        self._tally.move(tally.key_of(own), None)
        self._held.pop((record.root, record.id), None)
        table = record._stored.table
        self.connection.execute(sa.delete(table).where(table.c.id == record.id))
        self._records.pop((record.root, record.id), None)
        self.touched[record.root, record.id] = record

    def touch(self, record: Record) -> None:
        """Publish a change of the resource although its row did not change."""
        self.touched[record.root, record.id] = record

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` in the event loop once the unit is durable; never if it is rolled back."""
        self.callbacks.append(callback)

    def own(self, record: R) -> R:
        """This unit's record of the row; ``record`` may be an older snapshot from another unit."""
        own = self._records.get((record.root, record.id))
        # A row of that type and id is of the same class.
        return cast(R, own if own is not None else self.require(record.root, record.id))

    def _assign(self, record: Record, fields: dict[str, Any]) -> set[str]:
        """Put values into the record; returns the names that changed, JSON fields and ``data`` keys included."""
        changed: set[str] = set()
        for name, value in fields.items():
            if value is None and name in record._stored.always:
                raise MissingField(record.type, name)
            if name == "data":
                merge(record.data, value, changed)
            elif name in record._stored.json_fields:
                current = record.data.setdefault("fields", {})
                if current.get(name) != value:
                    current[name] = value
                    changed.add(name)
            elif name in record._values:
                if record._values[name] != value:
                    record._values[name] = value
                    changed.add(name)
            elif name in record._stored.own:
                merge(record.data, {record._stored.own[name]: value}, changed)
            else:
                raise TypeError(f"{record.type} has no field {name!r}")
        return changed

    def _derive(self, record: Record) -> set[str]:
        """Compute the columns that follow from other fields; returns those that changed."""
        if not record._stored.derived:
            return set()
        found = {name: value(record) for name, value in record._stored.derived.items()}
        changed = {name for name, value in found.items() if record._values[name] != value}
        record._values.update(found)
        return changed

    def _set_live_key(self, record: Record) -> bool:
        """Recompute the key that must be unique while the row lives; return True if it changed."""
        if record._stored.live_key is None:
            return False
        key = None if record._values.get("removed") is not None else record._stored.live_key(record)
        if record._values.get("liveKey") == key:
            return False
        record._values["liveKey"] = key
        return True

    def _explain(self, record: Record, error: sa.exc.IntegrityError) -> Exception:
        column = backend_of(self.connection.engine).violated(error)
        if column is None:
            return error
        return NotUnique(record.root, record._stored.unique_field if column == "live_key" else column)


def _may_violate(record: Record, changed: Collection[str]) -> bool:
    """True if a column that must be unique gets a value."""
    return any(name in changed and record._values[name] is not None for name in UNIQUE)


def merge(target: dict[str, Any], changes: dict[str, Any], changed: set[str]) -> None:
    """Set keys of the JSON column; None removes a key. ``fields`` cannot be replaced as a whole."""
    for key, value in changes.items():
        if key == "fields":
            raise TypeError("set fields by their names")
        if target.get(key) != value:
            changed.add(f"data.{key}")
            if value is None:
                target.pop(key, None)
            else:
                target[key] = value
