# SPDX-License-Identifier: Apache-2.0
"""One request: where it came from, what it asks for, what it brings.

No rows are read here.
"""
