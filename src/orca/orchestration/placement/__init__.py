# SPDX-License-Identifier: Apache-2.0
"""Placement of containers: host, ports and address.

``constraints`` and ``choose`` are pure; ``place`` carries out the choice in one unit.
"""
