# SPDX-License-Identifier: Apache-2.0
"""The audit log, and the masking of secrets.

Each change leaves an entry in its own unit.
"""
