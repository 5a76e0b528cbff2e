# SPDX-License-Identifier: Apache-2.0
"""Load balancers: those that stand alone, and services that balance.

``rules`` reads where one listens and which requests a target gets; it is pure.
"""
