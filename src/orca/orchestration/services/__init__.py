# SPDX-License-Identifier: Apache-2.0
"""Services: scale, links, upgrades and restarts.

``api`` handles requests; ``converge`` carries them out, and ``keeper`` maintains the result.
"""
