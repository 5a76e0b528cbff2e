# SPDX-License-Identifier: Apache-2.0
"""Agents' WebSockets: commands out, replies and reports in.

The queues on both sides are bounded.
"""
