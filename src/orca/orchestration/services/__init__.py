# SPDX-License-Identifier: Apache-2.0
"""Services: scale, links, upgrades and restarts.

``api`` is what callers ask for; ``converge`` and ``keeper`` make it true and keep it so.
"""
