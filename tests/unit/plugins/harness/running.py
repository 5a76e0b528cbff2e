# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a module: its `main()`, on a pretended host, with a conversation."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import docker.utils.utils
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

from harness.answering import engine_server, run_program, servers
from harness.conversation import Call, Conversation
from harness.host import host_at

MODULES = "ansible_collections.orca.platform.plugins.modules"


@dataclass(frozen=True)
class Outcome:
    """How a run ended: `text` is all that was written, `result` that document, `warnings` what was warned of."""

    text: str
    result: dict[str, Any]
    warnings: list[str]

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))


def run(
    name: str,
    arguments: Mapping[str, Any],
    calls: Sequence[Call],
    root: Path,
    *,
    check: bool = False,
    parts: Mapping[str, Any] | None = None,
) -> Outcome:
    """Run module `name`. In arguments `{root}` is the host's root; `parts` take the place of names in the module.

    Raises:
        AssertionError: it asked for something else than `calls`, or ended in neither of the ways of a module.
    """
    module = importlib.import_module(f"{MODULES}.{name}")
    conversation, written, warnings = Conversation(calls, root), io.StringIO(), []
    environment = {key: text for key, text in os.environ.items() if not re.match("ORCA_|.*_proxy$", key, re.I)}
    socket = root / "docker.sock"
    with contextlib.ExitStack() as stack:
        stack.enter_context(servers(conversation))
        stack.enter_context(engine_server(conversation, socket))
        stack.enter_context(mock.patch.dict(os.environ, environment, clear=True))
        stack.enter_context(mock.patch.object(AnsibleModule, "warn", lambda _self, text: warnings.append(text)))
        stack.enter_context(mock.patch.object(subprocess, "run", partial(run_program, conversation)))
        stack.enter_context(mock.patch.object(shutil, "which", lambda program, **_: f"/usr/sbin/{program}"))
        # Reading the system's authorities takes most of a run, and they vouch for nobody here.
        stack.enter_context(mock.patch.object(ssl.SSLContext, "load_default_certs", lambda *_: None))
        stack.enter_context(mock.patch.object(docker.utils.utils, "DEFAULT_UNIX_SOCKET", f"http+unix://{socket}"))
        for part, stand_in in (parts or {}).items():
            stack.enter_context(mock.patch.object(module, part, stand_in))
        stack.enter_context(host_at(root))
        stack.enter_context(_quick_clock())
        internal = {"_ansible_check_mode": check, "_ansible_diff": True, "_ansible_remote_tmp": str(root)}
        stack.enter_context(patch_module_args({**_filled(arguments, str(root)), **internal}))
        stack.enter_context(contextlib.redirect_stdout(written))
        code = _exit_code(module.main)
    conversation.check()
    outcome = Outcome(written.getvalue(), json.loads(written.getvalue()), warnings)
    assert code == int(outcome.failed), outcome.text
    return outcome


@contextlib.contextmanager
def _quick_clock() -> Iterator[None]:
    """Time passes only when a module sleeps, and then at once."""
    now = [time.monotonic()]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with mock.patch.object(time, "sleep", sleep), mock.patch.object(time, "monotonic", lambda: now[0]):
        yield


def _exit_code(main: Any) -> Any:
    try:
        main()
    except SystemExit as end:
        return end.code
    raise AssertionError("main() returned instead of ending the module")


def _filled(value: Any, root: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each, root) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, root) for each in value]
    return value.replace("{root}", root) if isinstance(value, str) else value
