# SPDX-License-Identifier: Apache-2.0
"""Projects: their members, and their beginning and end.

Removing one removes all that it has.
"""
