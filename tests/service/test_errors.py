"""The tree at the top of `service/errors.py`, which a reader trusts."""

from service import errors
from service.errors import ServiceError


def test_the_tree_names_every_reason_and_no_other() -> None:
    drawn = [line.split()[1] for line in (errors.__doc__ or "").splitlines() if "── " in line]
    assert drawn == [one.__name__ for one in ServiceError.__subclasses__() if one.__module__ == errors.__name__]
