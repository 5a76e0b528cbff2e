# SPDX-License-Identifier: Apache-2.0
"""Who is well: containers, services and stacks, as their checkers report.

``states`` is pure; ``checks``, ``deadlines`` and ``rollup`` keep the rows.
"""
