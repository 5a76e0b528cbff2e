# SPDX-License-Identifier: Apache-2.0
"""Accounts of people and programs, and their credentials.

Roles in projects are read here; members are kept in ``projects``.
"""
