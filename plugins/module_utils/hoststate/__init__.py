# SPDX-License-Identifier: Apache-2.0
"""The state of one host: ``plan`` computes the wanted state, ``apply`` is the one executor that makes it real.

Used by the agent (as ``orca.hoststate``) and by the Ansible modules (as collection module_utils), so that both drivers
produce the same host. Standard library only, Python 3.8 or newer, relative imports only.
"""
