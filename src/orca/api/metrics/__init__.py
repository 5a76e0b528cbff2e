# SPDX-License-Identifier: Apache-2.0
"""Figures for Prometheus.

``endpoint`` decides who gets which. ``page`` has those about the server, ``queues`` names everything that waits there.
``resources`` has those about what the platform runs: of rows (``inventory``) and agents (``measurements``). ``targets``
names containers that have figures of their own.
"""
