# SPDX-License-Identifier: Apache-2.0
"""Who asks: sessions, tokens and keys, and the role that they give.

``caller`` is the way in.
"""
