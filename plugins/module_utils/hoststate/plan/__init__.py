# SPDX-License-Identifier: Apache-2.0
"""Pure planning: descriptions in, wanted host state out. Nothing here reads or changes a host."""
