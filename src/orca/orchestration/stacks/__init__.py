# SPDX-License-Identifier: Apache-2.0
"""A stack follows its text.

``plan`` compares the text with the services there are and is pure; ``apply`` carries a plan out.
"""
