# SPDX-License-Identifier: Apache-2.0
"""What users write: names, ports, selectors and labels. Pure.

Other rooms read such texts here, and nowhere else.
"""
