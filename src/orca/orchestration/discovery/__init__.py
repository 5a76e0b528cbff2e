# SPDX-License-Identifier: Apache-2.0
"""Who is called what, and which host is told so.

``worker`` follows changes; ``facts`` reads rows; all else is pure.
"""
