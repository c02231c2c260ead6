"""Who and what appears in the demo CRM, all of it made up."""

from dataclasses import dataclass
from enum import IntEnum

# The login under which everything stands that customers do themselves.
SELF_SERVICE = "selfservice"
RULE_MANAGER = "rulemgr"
ADMINISTRATOR = "sa"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a login of the CRM."""

    login: str
    first_name: str
    last_name: str


@dataclass(frozen=True, slots=True)
class Customer:
    """A site, and the people there who call: (first name, last name)."""

    site: str
    region: str
    contacts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Product:
    """A part number; a device is installed at a site, everything else is only a revision."""

    part_number: str
    description: str
    revisions: tuple[str, ...]
    is_device: bool = False


class Activity(IntEnum):
    """What an entry tells: the act_code, which is the rank in the list of activity names."""

    ACCEPT = 100
    CLOSE = 200
    CHANGE_STATUS = 300
    LOG_PHONE = 500
    CREATE = 600
    DISPATCH = 900
    FORWARD = 1100
    LINK_SOLUTION = 1400
    LOG_NOTE = 1700
    REOPEN = 2400
    REJECT = 2600
    CREATE_SUBCASE = 3000
    CLOSE_SUBCASE = 3100
    EMAIL_OUT = 3400
    EMAIL_IN = 3500
    UNLINK_SOLUTION = 4000
    YANK = 4100
    ASSIGN = 10500

    @property
    def title(self) -> str:
        return self.name.replace("_", " ").title()


MACHINES = (
    Person(ADMINISTRATOR, "System", "Administrator"),
    Person(RULE_MANAGER, "Rule", "Manager"),
    Person(SELF_SERVICE, "Self", "Service"),
)

AGENTS = (
    Person("ann", "Ann", "Example"),
    Person("ben", "Ben", "Sample"),
    Person("cleo", "Cleo", "Specimen"),
    Person("dora", "Dora", "Template"),
    Person("eli", "Eli", "Instance"),
    Person("fay", "Fay", "Fixture"),
    Person("gus", "Gus", "Pattern"),
    Person("hana", "Hana", "Prototype"),
    Person("ivo", "Ivo", "Mockup"),
    Person("june", "June", "Demo"),
    Person("kofi", "Kofi", "Draft"),
    Person("lia", "Lía", "Muestra"),
)

CUSTOMERS = (
    Customer("Example Works", "North", (("Bob", "Placeholder"), ("Carla", "Caller"))),
    Customer("Sample Foundry", "North", (("Dirk", "Dummy"), ("Elsa", "Anyone"))),
    Customer("Placeholder & Sons", "East", (("Finn", "Placeholder"), ("Greta", "Nobody"))),
    Customer("Nobody's Bakery", "East", (("Hugo", "Crumb"), ("Ines", "O'Sample"))),
    Customer("Café Exemple", "West", (("Zoé", "Quelconque"), ("Jules", "Untel"))),
    Customer("Lorem Logistics", "West", (("Kim", "Ipsum"), ("Lars", "Dolor"))),
    Customer("Dummy Dairy", "South", (("Mona", "Dummy"), ("Nils", "Whoever"))),
    Customer("Fictional Freight", "South", (("Olga", "Invented"), ("Pia", "Madeup"))),
    Customer("Specimen Seeds", "North", (("Quinn", "Testcase"), ("Rosa", "Specimen"))),
    Customer("Stub Steelworks", "East", (("Sven", "Stub"), ("Tara", "Someone"))),
    Customer("Imaginary Insurance", "West", (("Uma", "Fable"), ("Vic", "Foobar"))),
    Customer("Testbed Textiles", "South", (("Wanda", "Test"), ("Xaver", "Muster"))),
    Customer("Figment Films", "North", (("Yara", "Figment"), ("Bob", "Somebody"))),
    Customer("Prototype Pharmacy", "East", (("Abel", "Anybody"), ("Bea", "Barbaz"))),
    Customer("Make-Believe Books", "West", (("Cyd", "Quux"), ("Dee", "Pretend"))),
)

QUEUES = (
    "Support",
    "Hardware",
    "Billing",
    "Billing/EMEA",
    "Field Service",
    "Networks",
    "Second Level",
)

PRODUCTS = (
    Product("XR-20", "Handheld scanner", ("1.0", "2.1"), is_device=True),
    Product("TurboPrint 9", "Label printer", ("9.0", "9.3"), is_device=True),
    Product("Route/Switch 48", "Network switch", ("A", "B"), is_device=True),
    Product("Node.js Gateway", "Gateway for shop data", ("18.2", "20.1")),
    Product("Customer Portal", "Web portal", ("4.7", "5.0")),
    Product("LedgerLine", "Invoicing", ("2024.2", "2025.1")),
    Product("C++ Toolkit", "Libraries for partners", ("3.2", "3.3")),
    Product("Büro Desk", "Desktop client", ("11", "12 beta")),
)

VENDORS = ("Spare Parts Example", "Widget Supply Sample", "Placeholder Components")

# How every text begins that is not for customers: a leak then shows at once.
INTERNAL = "INTERNAL: "

ACTIVITY_NAME = "Activity Name"
STATUS = "Status"
PRIORITY = "Response Priority Code"
SEVERITY = "Problem Severity Level"
CASE_TYPE = "Case Type"
CHANGE_STATUS = "CR Status"
RESOLUTION = "Resolution Code"

NEW = "New"
WORKING = "Working"
AWAITING_CUSTOMER = "Awaiting Customer"
AWAITING_PARTS = "Awaiting Parts"
TESTING = "Testing"
CLOSED = "Closed"

CHANGE_OPEN = "Open"
CHANGE_FIXED = "Fixed"
CHANGE_CLOSED = "Closed"

# Hours until the service level of a case is missed, by its priority.
HOURS_DUE = {"Urgent": 4, "High": 24, "Medium": 72, "Low": 120}

# The pop-up lists whose ranks only count their elements.
LISTS = {
    STATUS: (NEW, WORKING, AWAITING_CUSTOMER, AWAITING_PARTS, TESTING, CLOSED),
    PRIORITY: ("Medium", "Low", "High", "Urgent"),
    SEVERITY: ("Moderate", "Minor", "Major"),
    CASE_TYPE: ("Problem", "Question", "Request"),
    CHANGE_STATUS: (CHANGE_OPEN, CHANGE_FIXED, CHANGE_CLOSED),
    RESOLUTION: ("Solved", "Workaround", "Explained", "Replaced", "Not Reproducible"),
}
