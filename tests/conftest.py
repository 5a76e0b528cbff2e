# SPDX-License-Identifier: Apache-2.0
"""For all tests but those of e2e, which are a program of their own."""

import os
from pathlib import Path

# Each client of httpx reads the authorities that the system trusts, which takes longer than what tests ask of a server
# on the loopback. This folder holds none; a test that speaks TLS names the authority that it trusts.
os.environ["SSL_CERT_DIR"] = str(Path(__file__).parent)
os.environ.pop("SSL_CERT_FILE", None)
