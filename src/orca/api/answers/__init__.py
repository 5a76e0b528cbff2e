# SPDX-License-Identifier: Apache-2.0
"""How a request is answered: rows as resources, lists, schemas, and the operations themselves.

``operations`` runs each request as one unit.
"""
