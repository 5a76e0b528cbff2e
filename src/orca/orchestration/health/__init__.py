# SPDX-License-Identifier: Apache-2.0
"""The health of containers, services and stacks, as their checkers report.

``states`` is pure; ``checks``, ``deadlines`` and ``rollup`` keep the rows.
"""
