# SPDX-License-Identifier: Apache-2.0
"""What goes wrong on simulated hosts: ``Faults`` says what can, and two functions read it from text.

``by_words`` reads what users of simulated agents write (docs/api.md). ``by_image`` reads the names of images in tests.
"""

from orca.simulator.faults.faults import NONE, Faults
from orca.simulator.faults.images import by_image
from orca.simulator.faults.words import by_words

__all__ = ["NONE", "Faults", "by_image", "by_words"]
