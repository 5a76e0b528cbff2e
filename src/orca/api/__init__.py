# SPDX-License-Identifier: Apache-2.0
"""Floor 4: the hypermedia API over HTTP and WebSocket, and the server process itself."""
