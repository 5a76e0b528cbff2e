# SPDX-License-Identifier: Apache-2.0
"""The agent's errors, by who can mend them. Every message is for people."""


class AgentError(Exception):
    """Base of the agent's own errors."""


class RegistrationError(AgentError):
    """The server (or whatever answers at its address) does not accept this host; trying again does not help."""


class Unreachable(AgentError):
    """Nobody answers, or not in time; worth trying again."""


class Refused(AgentError):
    """The server does not accept this host's credentials."""


class CommandFailed(AgentError):
    """A command of the server failed; the message becomes the resource's transitioning message."""
