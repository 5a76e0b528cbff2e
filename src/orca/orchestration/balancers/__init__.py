# SPDX-License-Identifier: Apache-2.0
"""Load balancers: independent ones, and services that balance.

``plan`` says what a service's balancer is to do, ``board`` what each host must know of it; both are pure. ``facts``
reads rows for them, ``items`` follows changes.
"""
