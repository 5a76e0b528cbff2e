# SPDX-License-Identifier: Apache-2.0
"""External handlers: programs outside that take part in processes.

``definitions`` tells them which processes there are.
"""
