# SPDX-License-Identifier: Apache-2.0
"""Compose text to specs of services, and back. Pure: no rows.

``files`` reads, ``export`` writes.
"""
