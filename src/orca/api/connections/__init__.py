# SPDX-License-Identifier: Apache-2.0
"""Connections before they carry a request: accepted, counted, bounded, encrypted.

The other side has shown no key yet.
"""
