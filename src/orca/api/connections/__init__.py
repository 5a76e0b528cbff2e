# SPDX-License-Identifier: Apache-2.0
"""Connections before they carry a request: accepted, counted, bounded, encrypted.

Who holds one has shown no key yet.
"""
