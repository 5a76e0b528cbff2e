# SPDX-License-Identifier: Apache-2.0
"""Figures about the server, for Prometheus.

``queues`` names everything that waits.
"""
