# SPDX-License-Identifier: Apache-2.0
"""Metadata: what containers may read about themselves and their project.

``objects`` turns rows into what callers see. ``items`` puts on each host what its own containers are; ``feed`` sends
the project to hosts where somebody asks for it, from a ``journal`` of its changes.
"""
