# SPDX-License-Identifier: Apache-2.0
"""Accounts of people and programs: who they are, and how they prove it.

Roles in projects are read here; members are kept in ``projects``.
"""
