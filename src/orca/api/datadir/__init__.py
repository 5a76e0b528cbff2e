# SPDX-License-Identifier: Apache-2.0
"""The server's data directory: what is in it, how it begins, and what is done when keys are lost.

One server holds it at a time.
"""
