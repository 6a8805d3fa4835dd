"""What pyproject.toml cannot say: the package `mail_tickets` is the folder `app`, with every package in it."""

from setuptools import find_packages, setup

setup(
    package_dir={"mail_tickets": "app"},
    packages=["mail_tickets", *(f"mail_tickets.{name}" for name in find_packages("app"))],
)
