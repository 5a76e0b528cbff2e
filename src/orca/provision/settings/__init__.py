# SPDX-License-Identifier: Apache-2.0
"""Settings: the value that each has when nobody set it, and how callers set them.

``values`` is what other parts read; ``api`` is for callers.
"""
