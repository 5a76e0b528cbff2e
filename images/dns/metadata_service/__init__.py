# SPDX-License-Identifier: Apache-2.0
"""The metadata service of a host's containers, as Rancher's of 2015: who asks decides what ``self`` is.

``tree`` is pure: objects in, trees and their text out. ``known`` holds the objects, ``feed`` gets those of the project
from the agent while somebody asks for them, ``answers`` decides what a request gets, ``server`` speaks HTTP.
"""
