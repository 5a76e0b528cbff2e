# SPDX-License-Identifier: Apache-2.0
"""Hosts and their agents: they register, report, and leave.

Real and simulated hosts alike.
"""
