# SPDX-License-Identifier: Apache-2.0
"""Agents' WebSockets: commands out, replies and reports in.

What waits on either side is bounded.
"""
