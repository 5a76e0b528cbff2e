# SPDX-License-Identifier: Apache-2.0
"""Certificates of a project, for its balancers.

``text`` reads PEM and is pure; ``api`` keeps the rows.
"""
