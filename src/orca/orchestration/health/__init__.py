# SPDX-License-Identifier: Apache-2.0
"""The health of containers, services and stacks, as their checkers report.

``states``, ``flapping`` and ``terms`` are pure. ``checks`` chooses who checks, ``items`` tells hosts what to check,
``reports`` takes what they say, ``verdicts`` combines it, and ``rollup`` does so for services and stacks. ``paths``,
``checkers`` and ``deadlines`` follow what nobody reports.
"""
