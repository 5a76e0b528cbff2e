# SPDX-License-Identifier: Apache-2.0
"""What the platform costs in time and memory, measured on real hosts: `script/bench`, one module per figure."""
