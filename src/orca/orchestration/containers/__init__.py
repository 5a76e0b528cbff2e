# SPDX-License-Identifier: Apache-2.0
"""One container and its whole life, from the request to the last event of its host.

``api`` is what callers ask for; ``observed`` is what hosts report.
"""
