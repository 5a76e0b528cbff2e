# SPDX-License-Identifier: Apache-2.0
"""The server's data directory: its content, its first start, and recovery from lost keys.

One server holds it at a time.
"""
