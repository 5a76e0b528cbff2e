# SPDX-License-Identifier: Apache-2.0
"""The audit log, and what it does not show.

Each change leaves an entry in its own unit.
"""
