# SPDX-License-Identifier: Apache-2.0
"""Stacks and their compose text.

``plan`` compares the text with the present services and is pure; ``apply`` carries a plan out.
"""
