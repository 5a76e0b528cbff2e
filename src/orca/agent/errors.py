# SPDX-License-Identifier: Apache-2.0
"""What can go wrong in the agent, by who can do something about it. Every message is meant for a person."""


class AgentError(Exception):
    """Base of the agent's own errors."""


class RegistrationError(AgentError):
    """The server (or what answers at its address) does not take this host; trying again alone does not help."""


class Unreachable(AgentError):
    """Nobody answers, or not in time; worth trying again."""


class Refused(AgentError):
    """The server does not accept this host's credentials."""


class CommandFailed(AgentError):
    """A command of the server cannot be done; the message becomes the resource's transitioning message."""
