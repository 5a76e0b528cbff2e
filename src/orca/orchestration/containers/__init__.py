# SPDX-License-Identifier: Apache-2.0
"""One container and its whole life, from the request to the last event of its host.

``api`` handles requests of callers; ``observed`` handles reports of hosts.
"""
