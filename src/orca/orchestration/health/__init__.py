# SPDX-License-Identifier: Apache-2.0
"""Who is well: containers, services and stacks, from the reports of those who check.

`states` is pure; `checks` keeps the rows.
"""
