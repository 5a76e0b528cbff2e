# SPDX-License-Identifier: Apache-2.0
"""Load balancers: independent ones, and services that balance.

``rules`` parses listeners and the rules of targets; it is pure.
"""
