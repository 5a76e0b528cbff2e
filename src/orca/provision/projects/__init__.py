# SPDX-License-Identifier: Apache-2.0
"""Projects: creation, members, removal.

Removing one removes everything in it.
"""
