# SPDX-License-Identifier: Apache-2.0
"""Discovery: the names of services and containers, and the hosts that need them.

``worker`` follows changes; ``facts`` reads rows; all else is pure.
"""
