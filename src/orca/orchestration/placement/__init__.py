# SPDX-License-Identifier: Apache-2.0
"""Which host runs a container, and which ports and address it gets there.

``constraints`` and ``choose`` are pure; ``place`` takes what they choose, in one unit.
"""
