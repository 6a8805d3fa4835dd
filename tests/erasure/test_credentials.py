"""Claims about credentials and sessions: whoever is forgotten, or becomes somebody else, is logged in nowhere."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Column, ForeignKey, Integer, Table, select

from app.model.erasure.erase_person import carry_out, forget_person
from app.model.records.people import get_person
from app.model.records.registration import alias
from app.model.storage.base import CREDENTIAL, Base
from tests.support.world import World

ANN, BOB = "ann@home.example", "bob@far.example"


@pytest.fixture
def login() -> Iterator[Table]:
    """A table of credentials, as the web pages may have one."""
    person = Column("person_id", Integer, ForeignKey("person.id"), primary_key=True)
    made = Table("login", Base.metadata, person, Column("token", Integer, primary_key=True), info=CREDENTIAL)
    yield made
    Base.metadata.remove(made)


@pytest.mark.parametrize("how", ["alias", "forget"])
def test_no_credential_outlives_its_person(world: World, login: Table, how: str) -> None:
    for email in (ANN, BOB):
        world.known(email)
    with world.desk() as desk:
        login.create(desk.connection)
        ids = [get_person(desk, email).id for email in (ANN, BOB)]
        desk.connection.execute(login.insert(), [{"person_id": one, "token": one} for one in ids])
    if how == "alias":
        with world.desk() as desk:
            alias(desk, ANN, BOB)
    else:
        carry_out(world.database, lambda desk: forget_person(desk, BOB))
    with world.database.look() as desk:
        assert desk.connection.execute(select(login)).all() == [(ids[0], ids[0])]
