# SPDX-License-Identifier: Apache-2.0
"""Callers: sessions, tokens and keys, and the role that they give.

``caller`` is the entry.
"""
