# SPDX-License-Identifier: Apache-2.0
"""Deployment units: the containers that a service should have, and those it has.

``plan`` compares them and is pure; ``rows`` carries a plan out.
"""
