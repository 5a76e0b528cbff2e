# SPDX-License-Identifier: Apache-2.0
"""What the agent does not need is not in its memory, and is there for who needs it."""

import subprocess
import sys

UNUSED = ("docker", "requests", "urllib3", "http.client", "email.message", "zipfile", "cryptography")


def run(script: str) -> str:
    return subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.strip()


def test_an_agent_that_starts_imports_neither_the_sdk_nor_what_libraries_only_might_use() -> None:
    script = (
        "import sys, orca.agent\n"
        "sys.argv = ['orca-agent', '--help']\n"
        "try: orca.agent.main()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {UNUSED!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stderr.strip() == "[]"


def test_a_postponed_module_is_loaded_at_its_first_use() -> None:
    script = (
        "import sys; from orca.agent.lazy import postpone; postpone('urllib.request')\n"
        "import urllib.request as early; before = 'http.client' in sys.modules\n"
        "print(before, callable(early.urlopen), 'http.client' in sys.modules)\n"
        "import urllib.request as late; from urllib.request import Request\n"
        "print(late.Request is Request is early.Request, late is early)"
    )
    assert run(script) == "False True True\nTrue False"
