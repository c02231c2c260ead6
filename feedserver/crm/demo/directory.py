"""Finds the rows of the cast by their names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from feedserver.crm.demo.cast import ACTIVITY_NAME, Activity
from feedserver.crm.demo.schema import (
    CONTACT,
    EMPLOYEE,
    GBST_ELM,
    GBST_LST,
    MOD_LEVEL,
    PART_NUM,
    QUEUE,
    SITE,
    SITE_PART,
    USER,
)


@dataclass(frozen=True, slots=True)
class Directory:
    """The objids of what does not change, by name."""

    users: Mapping[str, int]
    employees: Mapping[str, int]
    queues: Mapping[str, int]
    sites: Mapping[str, int]
    contacts: Mapping[str, int]
    revisions: Mapping[tuple[str, str], int]
    installed: Mapping[tuple[str, str, str], int]
    elements: Mapping[tuple[str, str], int]
    activities: Mapping[int, int]


def read_directory(connection: Connection) -> Directory:
    """The objids of the cast."""
    revisions = {
        objid: (part, revision)
        for objid, part, revision in connection.execute(
            select(MOD_LEVEL.c.objid, PART_NUM.c.part_number, MOD_LEVEL.c.mod_level).join(
                PART_NUM, PART_NUM.c.objid == MOD_LEVEL.c.part_info2part_num
            )
        )
    }
    elements = {
        (lst, title): objid
        for objid, title, lst in connection.execute(
            select(GBST_ELM.c.objid, GBST_ELM.c.title, GBST_LST.c.title).join(
                GBST_LST, GBST_LST.c.objid == GBST_ELM.c.gbst_elm2gbst_lst
            )
        )
    }
    installed = connection.execute(
        select(SITE_PART.c.objid, SITE.c.name, SITE_PART.c.site_part2part_info).join(
            SITE, SITE.c.objid == SITE_PART.c.site_part2site
        )
    )
    return Directory(
        users=pairs(connection, select(USER.c.login_name, USER.c.objid)),
        employees=pairs(
            connection,
            select(USER.c.login_name, EMPLOYEE.c.objid).join(
                EMPLOYEE, EMPLOYEE.c.employee2user == USER.c.objid
            ),
        ),
        queues=pairs(connection, select(QUEUE.c.title, QUEUE.c.objid)),
        sites=pairs(connection, select(SITE.c.name, SITE.c.objid)),
        contacts=pairs(connection, select(contact_name(), CONTACT.c.objid)),
        revisions={name: objid for objid, name in revisions.items()},
        installed={(site, *revisions[revision]): objid for objid, site, revision in installed},
        elements=elements,
        activities={code: elements[ACTIVITY_NAME, code.title] for code in Activity},
    )


def pairs(connection: Connection, query: Select[Any]) -> dict[Any, Any]:
    """The second column of what the query finds, by the first."""
    return {row[0]: row[1] for row in connection.execute(query)}


def contact_name() -> ColumnElement[str]:
    """First and last name, as cases call their contact."""
    name: ColumnElement[str] = CONTACT.c.first_name + " " + CONTACT.c.last_name
    return name
