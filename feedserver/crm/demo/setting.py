"""The rows that are there before anything happens: people, places, products and lists."""

from feedserver.crm.demo.cast import (
    ACTIVITY_NAME,
    AGENTS,
    CUSTOMERS,
    LISTS,
    MACHINES,
    PRODUCTS,
    QUEUES,
    Activity,
    Customer,
    Person,
    Product,
)
from feedserver.crm.demo.logs import contact_address
from feedserver.crm.demo.rows import Rows
from feedserver.crm.demo.schema import (
    CONTACT,
    EMPLOYEE,
    GBST_ELM,
    GBST_LST,
    MOD_LEVEL,
    NULL_DATE,
    PART_NUM,
    QUEUE,
    SITE,
    SITE_PART,
    USER,
)

_DEFAULT_ELEMENT = 2
_ACTIVE_ELEMENT = 0


def set_scene(rows: Rows) -> None:
    """Writes the whole cast."""
    _write_list(rows, ACTIVITY_NAME, [(code.value, code.title) for code in Activity])
    for title, names in LISTS.items():
        _write_list(rows, title, list(enumerate(names)))
    for person in (*MACHINES, *AGENTS):
        _write_person(rows, person)
    for queue in QUEUES:
        _write_queue(rows, queue)
    devices = [objids for product in PRODUCTS if (objids := _write_product(rows, product))]
    for place, customer in enumerate(CUSTOMERS):
        site = _write_customer(rows, customer)
        for revisions in devices:
            _install(rows, site, revisions[place % len(revisions)])


def _write_list(rows: Rows, title: str, elements: list[tuple[int, str]]) -> None:
    objid = rows.insert(GBST_LST, title=title, list_id=0, locale=0, dev=1)
    for place, (rank, name) in enumerate(elements):
        rows.insert(
            GBST_ELM,
            title=name,
            rank=rank,
            state=_ACTIVE_ELEMENT if place else _DEFAULT_ELEMENT,
            description="",
            dev=1,
            gbst_elm2gbst_lst=objid,
        )


def _write_person(rows: Rows, person: Person) -> None:
    user = rows.insert(USER, login_name=person.login, status=1, web_login="", dev=1)
    rows.insert(
        EMPLOYEE,
        first_name=person.first_name,
        last_name=person.last_name,
        phone="",
        e_mail=f"{person.login}@crm.example",
        work_group="",
        dev=1,
        employee2user=user,
    )


def _write_queue(rows: Rows, title: str) -> None:
    rows.insert(
        QUEUE,
        title=title,
        description=f"Work for {title}",
        shared_pers=1,
        allow_case=1,
        allow_subcase=1,
        allow_probdesc=1,
        allow_dmnd_dtl=1,
        allow_bug=1,
        allow_opp=0,
        allow_contract=0,
        allow_job=0,
        allow_task=1,
        allow_dialogue=0,
        dev=1,
    )


def _write_product(rows: Rows, product: Product) -> list[int]:
    """Returns the objids of the revisions of a device, nothing for what cannot be installed."""
    part = rows.insert(
        PART_NUM,
        description=product.description,
        part_number=product.part_number,
        active="Active",
        domain="Product",
        family="",
        line="",
        dev=1,
    )
    revisions = [
        rows.insert(
            MOD_LEVEL,
            mod_level=revision,
            active="Active",
            eff_date=NULL_DATE,
            end_date=NULL_DATE,
            dev=1,
            part_info2part_num=part,
        )
        for revision in product.revisions
    ]
    return revisions if product.is_device else []


def _write_customer(rows: Rows, customer: Customer) -> int:
    """Returns the objid of the site."""
    for first_name, last_name in customer.contacts:
        rows.insert(
            CONTACT,
            first_name=first_name,
            last_name=last_name,
            phone="",
            e_mail=contact_address(first_name, last_name),
            status=0,
            dev=1,
        )
    return rows.insert(
        SITE,
        site_id=customer.site.replace(" ", "-").upper(),
        name=customer.site,
        type=1,
        status=0,
        region=customer.region,
        dev=1,
    )


def _install(rows: Rows, site: int, revision: int) -> None:
    objid = rows.insert(
        SITE_PART,
        part_status="Installed",
        dev=1,
        site_part2site=site,
        site_part2part_info=revision,
    )
    serial_number = f"SN-{objid % 10000:04}"
    rows.update(SITE_PART, objid, instance_name=serial_number, serial_no=serial_number)
