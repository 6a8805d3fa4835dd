"""Roles: what somebody is on a ticket, and who may take an action."""

from enum import StrEnum
from typing import NamedTuple


class Role(StrEnum):
    """What somebody is on a ticket; the first that fits, in the order of the lifecycle."""

    MACHINE = "machine"
    REQUESTOR = "requestor"
    RESPONDER = "responder"
    PARTICIPANT = "participant"
    READER = "reader"
    OTHER = "other"
    STRANGER = "stranger"


class Who(StrEnum):
    """Who may take an action, in the words of a refusal."""

    ANYONE = "anybody"
    REQUESTOR = "the requestor"
    CORRESPONDENT = "the requestor or a participant"
    ANOTHER = "anybody known but the requestor"
    RESPONDER = "a responder of the queue or an administrator"
    ADMINISTRATOR = "an administrator"
    TRACKER = "the tracker itself or an administrator"


class ActorRoles(NamedTuple):
    """Somebody's roles on one ticket, as far as the tables ask for it."""

    role: Role
    requestor: bool = False
    responder: bool = False
    administrator: bool = False
    tracker: bool = False

    def may(self, who: Who) -> bool:
        """Whether this person is among those whom a rule allows."""
        return {
            Who.ANYONE: True,
            Who.REQUESTOR: self.requestor and self.role is not Role.MACHINE,
            Who.CORRESPONDENT: self.role in (Role.REQUESTOR, Role.PARTICIPANT),
            Who.ANOTHER: self.role in (Role.RESPONDER, Role.PARTICIPANT, Role.OTHER) and not self.tracker,
            Who.RESPONDER: self.responder and self.role is not Role.MACHINE,
            Who.ADMINISTRATOR: self.administrator and self.role is not Role.MACHINE,
            Who.TRACKER: self.tracker or (self.administrator and self.role is not Role.MACHINE),
        }[who]


TRACKER = ActorRoles(Role.RESPONDER, tracker=True)
