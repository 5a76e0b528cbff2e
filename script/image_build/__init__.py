# SPDX-License-Identifier: Apache-2.0
"""Builds the images below ``images/`` with the control node's engine, each tagged by the hash of what goes into it."""
