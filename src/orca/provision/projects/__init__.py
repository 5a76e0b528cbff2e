# SPDX-License-Identifier: Apache-2.0
"""Projects: their members, and their beginning and end.

A project owns all that stands on floor 3.
"""
