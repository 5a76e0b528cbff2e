# SPDX-License-Identifier: Apache-2.0
"""The API in the words of OpenAPI 3.1, from the same declarations: what one role may do in one version."""

from orca.api.openapi.document import show

__all__ = ["show"]
