# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module's real `main()`; what it asks of others, and what they answer, is data."""
