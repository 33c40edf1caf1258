"""The directory's tables: who and where.

places.py   Division: a place of the national statistical code: county, township or village. Organization: a unit that
            files, reviews or receives, on the 山亭 or the 荣成 side. Alias: another name people write for either.
users.py    User: a person who may log in, with one role at one unit (or the system itself, which acts but cannot log
            in). PasswordHistory: a password hash a user must not use again yet.
people.py   Household: a 户 of the registers, by its 户编号. Person: somebody the cooperation helps, identity number and
            phones encrypted. PersonVersion: what was known of a person after each change. PersonFact: the 户类型 or
            the 监测类别 that a person has from a day on.
rights.py   Grant: a right given to one user by name. Guardian: who consented for a child, encrypted.
"""

from directory.models.people import Household, Person, PersonFact, PersonVersion
from directory.models.places import Alias, Division, Organization
from directory.models.rights import Grant, Guardian
from directory.models.users import PasswordHistory, User, UserManager

__all__ = [
    "Alias",
    "Division",
    "Grant",
    "Guardian",
    "Household",
    "Organization",
    "PasswordHistory",
    "Person",
    "PersonFact",
    "PersonVersion",
    "User",
    "UserManager",
]
