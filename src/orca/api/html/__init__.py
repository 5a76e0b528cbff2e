# SPDX-License-Identifier: Apache-2.0
"""The API for a browser: the same URLs as pages, with forms made from the schemas."""

from orca.api.html.assets import Assets
from orca.api.html.pages import Pages, wanted

__all__ = ["Assets", "Pages", "wanted"]
