# SPDX-License-Identifier: Apache-2.0
"""The certificates of one balancer: files with their keys, and the same in a running HAProxy."""

from __future__ import annotations

import os
import ssl
import tempfile
from typing import Any, List, Mapping, Optional, Sequence

from ..plan import balancer_text as text
from ..plan.balancer import identity
from . import files, haproxy
from .balancer_directory import Directory
from .result import Result

_LIST = "{0}/{1}".format(text.BALANCER_SIDE, text.CERTIFICATE_LIST)
#: HAProxy reads a command and what follows it into one buffer of 16 KiB.
_MOST_BYTES = 15000


def pem(uuid: str, item: Mapping[str, Any]) -> str:
    """The text of a file with a certificate, those above it, and its key.

    :raises ValueError: it is too long.
    """
    identity(uuid, "certificate")
    lines = "{0}\n{1}\n".format(item["chain"], item["key"]).splitlines()
    content = "".join(line.strip() + "\n" for line in lines if line.strip())
    if len(content.encode("utf-8")) > _MOST_BYTES:
        raise ValueError("certificate {0} is longer than {1} bytes".format(uuid, _MOST_BYTES))
    return content


def ensure(
    directory: Directory,
    item: Mapping[str, Any],
    certificates: Mapping[str, Mapping[str, Any]],
    running: bool,
    result: Result,
    check: bool,
) -> None:
    """Bring certificates, and the list of them, to those that ``item`` names and the host has.

    :raises ValueError: one cannot be used. :raises HostStateError: HAProxy refuses one.
    """
    # The default of what is loaded may have lost its place in the item already, but not on the host.
    default = item["default_certificate"] if item["default_certificate"] in certificates else None
    lines = text.certificate_list(item["certificates"], default)
    wanted = {each: pem(each, certificates[each]) for each in {*item["certificates"], default} - {None}}
    listed = "".join(line + "\n" for line in lines)
    changed = {each: content for each, content in wanted.items() if _differs(directory, each, content)}
    unused = [each for each in _present(directory) if each not in wanted]
    if not (changed or unused) and files.read(directory.file(text.CERTIFICATE_LIST)) == listed:
        return
    serves = running and _listed(directory) is not None
    for uuid, content in sorted(changed.items()):
        _ensure_one(directory, uuid, content, serves, result, check)
    if serves:
        _ensure_list(directory, lines, result, check)
    directory.write(text.CERTIFICATE_LIST, listed, result, check)
    for name in unused:
        if serves and not check:
            haproxy.ask(directory.commands, ["del ssl cert " + text.certificate_file(name)])
        directory.write(_file(name), None, result, check)


def _file(uuid: str) -> str:
    return "{0}/{1}.pem".format(text.CERTIFICATES, uuid)


def _differs(directory: Directory, uuid: str, content: str) -> bool:
    return files.read(directory.file(_file(uuid))) != content


def _try(uuid: str, content: str) -> None:
    """Refuse a certificate that HAProxy could not use.

    :raises ValueError: the key is not that of the certificate, or one of them cannot be read.
    """
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as stream:  # readable by its owner only
        stream.write(content)
        stream.flush()
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(stream.name)
        except (ssl.SSLError, OSError) as error:
            raise ValueError("certificate {0} cannot be used with its key: {1}".format(uuid, error)) from error


def _ensure_one(directory: Directory, uuid: str, content: str, serves: bool, result: Result, check: bool) -> None:
    _try(uuid, content)
    if serves and not check:
        inside = text.certificate_file(uuid)
        known = (haproxy.ask(directory.commands, ["show ssl cert"]) or [""])[0].split("\n")
        begin = [] if inside in known else ["new ssl cert " + inside]
        # What follows a command ends with an empty line, so that each of these is one for itself.
        for command in begin + ["set ssl cert {0} <<\n{1}".format(inside, content), "commit ssl cert " + inside]:
            haproxy.order(directory.commands, [command])
    directory.write(_file(uuid), content, result, check)  # only now: one that HAProxy refused is tried again


def _ensure_list(directory: Directory, lines: Sequence[str], result: Result, check: bool) -> None:
    present = _listed(directory) or []
    for line in present:
        if line not in lines:
            result.add("no longer serve {0}".format(os.path.basename(line)))
            if not check:
                haproxy.order(directory.commands, ["del ssl crt-list {0} {1}".format(_LIST, line)])
    for line in lines:
        if line not in present:
            result.add("serve {0}".format(os.path.basename(line)))
            if not check:
                haproxy.order(directory.commands, ["add ssl crt-list {0} {1}".format(_LIST, line)])


def _listed(directory: Directory) -> Optional[List[str]]:
    """The lines of the running list; ``None``: no listener uses it."""
    lists, entries = haproxy.ask(directory.commands, ["show ssl crt-list", "show ssl crt-list " + _LIST]) or ["", ""]
    if _LIST not in lists.split("\n"):
        return None
    return [line.strip() for line in entries.split("\n") if line.strip() and not line.startswith("#")]


def _present(directory: Directory) -> List[str]:
    try:
        return sorted(each[:-4] for each in os.listdir(directory.file(text.CERTIFICATES)) if each.endswith(".pem"))
    except FileNotFoundError:
        return []
