"""Claims about credentials and sessions: whoever is forgotten, or becomes somebody else, is logged in nowhere."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Column, ForeignKey, Integer, Table, select

from mail_tickets.model.erasure.erase_person import erase, forget_person
from mail_tickets.model.records.people import get_person
from mail_tickets.model.records.registration import add_alias
from mail_tickets.model.storage.base import CREDENTIAL, Base
from tests.support.world import World

ANN, BOB = "ann@home.example", "bob@far.example"


@pytest.fixture
def login() -> Iterator[Table]:
    """A table of credentials, as the web pages may have one."""
    person = Column("person_id", Integer, ForeignKey("person.id"), primary_key=True)
    table = Table("login", Base.metadata, person, Column("token", Integer, primary_key=True), info=CREDENTIAL)
    yield table
    Base.metadata.remove(table)


@pytest.mark.parametrize("how", ["alias", "forget"])
def test_no_credential_outlives_its_person(world: World, login: Table, how: str) -> None:
    for email in (ANN, BOB):
        world.known(email)
    with world.uow() as uow:
        login.create(uow.connection)
        ids = [get_person(uow, email).id for email in (ANN, BOB)]
        uow.connection.execute(login.insert(), [{"person_id": id_, "token": id_} for id_ in ids])
    if how == "alias":
        with world.uow() as uow:
            add_alias(uow, ANN, BOB)
    else:
        erase(world.database, lambda uow: forget_person(uow, BOB))
    with world.database.read_only() as uow:
        left = [] if how == "alias" else [(ids[0], ids[0])]
        assert uow.connection.execute(select(login)).all() == left
