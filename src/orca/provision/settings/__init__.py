# SPDX-License-Identifier: Apache-2.0
"""Settings: their defaults, and how callers set them.

Other parts read ``values``; ``api`` is for callers.
"""
