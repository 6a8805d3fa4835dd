"""The domains of our addresses: the present one, and former ones, whose addresses stay ours."""

from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, mapped_column

from ..storage.base import Base
from ..storage.unit_of_work import UnitOfWork


class OurDomain(Base):
    """A domain under which this database has written letters; one of them is the present one."""

    __tablename__ = "our_domain"

    name: Mapped[str] = mapped_column(primary_key=True)
    current: Mapped[bool]


_FORMER = select(OurDomain.name).where(~OurDomain.current)
_CURRENT = select(OurDomain.name).where(OurDomain.current)


def kept_domain(uow: UnitOfWork) -> str | None:
    """Return the domain that this database belongs to; None before its first start."""
    return uow.session.scalar(_CURRENT)


def adopt_domain(uow: UnitOfWork) -> None:
    """Let the database belong to the domain of this unit of work; addresses at the former one stay ours."""
    uow.session.execute(update(OurDomain).values(current=False))
    uow.session.merge(OurDomain(name=uow.domain, current=True))
    uow.session.flush()
    uow.kept.pop(_KEPT, None)
    uow.session.info.pop(_KEPT, None)


def our_domains(uow: UnitOfWork) -> frozenset[str]:
    """Return every domain whose addresses are ours. A process asks once: only a start under another domain adds one."""
    domains: frozenset[str] | None = uow.session.info.get(_KEPT)
    if domains is None:
        if _KEPT not in uow.kept:
            uow.kept[_KEPT] = "\n".join(uow.connection.execute(_FORMER).scalars())
        domains = uow.session.info[_KEPT] = frozenset((uow.domain, *uow.kept[_KEPT].split()))
    return domains


_KEPT = "former domains"
