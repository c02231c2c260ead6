"""What people write about in the demo CRM, by the area of the product."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """One area: its products, the queues that treat it, and the texts of its cases.

    The texts are templates for `str.format` with `product`, `name` (the caller's first name),
    `count` (a small number) and `code` (a longer one).
    """

    area: str
    products: tuple[str, ...]
    queues: tuple[str, ...]
    titles: tuple[str, ...]
    notes: tuple[str, ...]
    internals: tuple[str, ...]
    summaries: tuple[str, ...]
    solutions: tuple[str, ...]
    changes: tuple[str, ...]


PRINTING = Topic(
    area="Printing",
    products=("TurboPrint 9",),
    queues=("Support", "Hardware", "Field Service"),
    titles=(
        "Printer on fire",
        "Labels come out blank after {count} sheets",
        "Paper jam in tray {count}, third time this week",
        "Barcodes too faint to scan #urgent",
        "{product} prints every label twice",
        "Strange smell from the fuser",
        "Driver asks for administrator password",
        "Accents in names print as question marks",
        "{product} offline since the move to floor {count}",
    ),
    notes=(
        "{name} says the smoke has stopped; the plug is out.",
        "Cleaned the print head by phone, test writing looks better.",
        "The tray sensor reports paper although the tray is empty.",
        "Sent the driver package, {name} will install it this afternoon.",
        "Counter stands at {code} pages, so the roller is due.",
        "A photo of the label shows stripes every two centimetres.",
        "Works from one workstation, fails from the other {count}.",
        "Asked {name} for the log of the print server.",
        "Fuser error {code} again; looks like the known batch. #recall",
    ),
    internals=(
        "third fuser from this batch, do not tell the customer before the recall is decided",
        "customer has skipped the paid maintenance {count} times",
        "engineer saw coffee inside the housing",
    ),
    summaries=(
        "Replaced the fuser and printed fifty test labels.",
        "Driver updated, labels print once again and only once.",
        "Cleaned the sensor in tray {count}; no jam since.",
        "Darkness raised by two steps, scanners read the codes.",
    ),
    solutions=(
        "How to clean the print head",
        "Labels print twice: turn off the spooler's copy count",
        "Set the code writing for accents",
    ),
    changes=("Fuser sensor misses overheating", "Spooler repeats the last label"),
)

DEVICES = Topic(
    area="Devices",
    products=("XR-20",),
    queues=("Hardware", "Support", "Second Level"),
    titles=(
        "Scanner battery lasts {count} hours only",
        "{product} does not wake up from the cradle",
        "Display cracked after a fall",
        "Need {count} more cradles for the night shift",
        "Trigger sticks in the cold store",
        "{product} beeps but sends nothing #urgent",
        "Firmware update stops at {count}0 percent",
        "Recall: which serial numbers are concerned? #recall",
    ),
    notes=(
        "Reset by holding both keys for ten seconds, no change.",
        "{name} will swap batteries between two units and call back.",
        "Firmware reports build {code}, two behind the current one.",
        "Serial number checked, it is under warranty until autumn.",
        "The cradle's contacts are bent; a new one is on its way.",
        "Unit arrived at our bench and fails in the same way.",
        "{count} units of the same delivery show it.",
        "Asked whether the freezer door is open while they scan.",
    ),
    internals=(
        "bench says battery cells are second source, check the lot {code}",
        "sales promised a free swap, get it in writing first",
        "customer drops them, see the dents on all {count} units",
    ),
    summaries=(
        "Battery replaced under warranty, runs a full shift.",
        "New cradle delivered and tested by {name}.",
        "Update went through after a factory reset.",
        "Explained the low temperature limit; heated grips ordered.",
    ),
    solutions=(
        "Reset a scanner that does not wake up",
        "Finish an interrupted firmware update",
        "Choose the battery for cold stores",
    ),
    changes=("Updater cannot resume", "Wake-up fails below five degrees"),
)

NETWORK = Topic(
    area="Network",
    products=("Route/Switch 48", "Node.js Gateway"),
    queues=("Networks", "Second Level", "Field Service"),
    titles=(
        "Port {count} drops every few minutes",
        "{product} restarts at midnight",
        "No connection between the branch and head office",
        "Slow uploads since Tuesday",
        "Gateway answers 502 to every {count}th request #urgent",
        "Certificate expires in {count} days",
        "Please open port {code} for the new till",
        "{product}: memory grows until it stops",
        "Whole site offline #vip",
    ),
    notes=(
        "Ping is clean from our side, {count} percent loss from theirs.",
        "Moved the uplink to port {count}; watching it.",
        "{name} sends a capture of the next outage.",
        "The log shows a restart at each rotation of the log itself.",
        "Power supply {count} reports no input; asked for a photo.",
        "Configuration saved and compared with last month's: two lines differ.",
        "Rolled back to the previous build, errors are gone for now.",
        "Carrier ticket {code} opened on behalf of the customer.",
        "Heap dump is on the transfer server, name {code}.",
    ),
    internals=(
        "their own administrator changed the route, be gentle about it",
        "same leak as at two other sites, engineering asks for silence until the fix",
        "default password was still set",
    ),
    summaries=(
        "Cable to port {count} replaced, no loss for a day.",
        "New certificate installed, valid for a year.",
        "Gateway updated; memory stays flat overnight.",
        "The carrier has repaired the line.",
    ),
    solutions=(
        "Find a bad cable with the port counters",
        "Renew the certificate of a gateway",
        "Limit the memory of the gateway",
    ),
    changes=(
        "Gateway leaks a buffer for each aborted request",
        "Log rotation restarts the service",
    ),
)

ACCOUNTS = Topic(
    area="Accounts",
    products=("Customer Portal", "Büro Desk"),
    queues=("Support", "Second Level"),
    titles=(
        "Cannot log in after update",
        "Password mail never arrives",
        "Locked out after {count} attempts",
        "New colleague needs access to {product}",
        "{product} shows the data of another department #urgent",
        "Two-factor code is always wrong",
        "Search finds nothing with an apostrophe in it",
        "{product} is empty after the holiday",
        "Please change the e-mail address of our manager #vip",
    ),
    notes=(
        "Unlocked the account, {name} tries again in a minute.",
        "The mail sits in their spam folder since Monday.",
        "Clock of the phone is {count} minutes fast, hence the wrong codes.",
        "Access granted for the reading role only, as agreed.",
        "Asked for a screenshot of the message behind the grey box.",
        "Browser has kept an old session; cleared it together.",
        "{name} confirms that it works on another computer.",
        "Could reproduce it with a test account on the current release.",
        "{name} is on the list of preferred callers, please hurry. #vip",
    ),
    internals=(
        "account was shared by {count} people, raise with their security contact",
        "audit asked for the login log, reference {code}",
        "rights bug confirmed by engineering, legal reads along",
    ),
    summaries=(
        "Account unlocked and password set by {name}.",
        "Mail filter adjusted, the message arrives.",
        "Clock corrected, codes are accepted.",
        "Role corrected; only the own department is shown.",
    ),
    solutions=(
        "Unlock an account",
        "Why one-time codes are refused",
        "Sign in again after an update",
    ),
    changes=("Search does not escape apostrophes", "Session survives a change of roles"),
)

INVOICES = Topic(
    area="Invoices",
    products=("LedgerLine",),
    queues=("Billing", "Billing/EMEA"),
    titles=(
        "Invoice shows the wrong address",
        "Invoice {code} charged twice",
        "Credit note for returned goods is missing",
        "VAT number is not on the invoice",
        "Reminder although we have paid #urgent",
        "Discount of {count} percent was forgotten",
        "{product} rounds the total up",
        "Please send invoices to the new plant & head office",
    ),
    notes=(
        "Payment of invoice {code} found under the old customer number.",
        "{name} sends the bank statement.",
        "Address corrected in the master data; next run uses it.",
        "The discount ended last month, asked sales for their word.",
        "Reminder stopped until this is settled.",
        "Credit note drafted, waits for approval.",
        "Rounding differs by a cent in {count} positions.",
        "Copy of the invoice sent again as PDF.",
    ),
    internals=(
        "limit of {count}00 without a second signature, keep below it",
        "customer is close to the credit stop",
        "our import counted the order twice, {code} others may follow",
    ),
    summaries=(
        "Credit note issued and sent to {name}.",
        "Address corrected, invoice {code} printed anew.",
        "Payment matched, reminder withdrawn.",
        "Explained how the total is rounded.",
    ),
    solutions=(
        "Correct the address of an invoice",
        "Match a payment by hand",
        "How totals are rounded",
    ),
    changes=("Import counts an order twice", "Reminder ignores payments of the same day"),
)

SOFTWARE = Topic(
    area="Software",
    products=("C++ Toolkit", "Node.js Gateway", "Büro Desk"),
    queues=("Second Level", "Support"),
    titles=(
        "{product} crashes on start",
        "Example {count} of the manual does not compile",
        "Export to spreadsheet cuts off after {code} rows",
        "Where do I find the release notes?",
        "{product} needs {count} minutes to start",
        "Error {code} when saving",
        "Does <b>{product}</b> support dark mode?",
        "Licence key is refused #urgent",
        "Dates are shown in the wrong order",
    ),
    notes=(
        "Trace shows error {code} right after loading the plug-ins.",
        "Without the plug-in it starts; {name} leaves it off for now.",
        "Reproduced with a file of {code} rows.",
        "Sent a build with more logging.",
        "Licence key had a blank at its end.",
        "{name} would like to have this before the audit.",
        'The manual says "x < y && y > z", the compiler disagrees.',
        "Start takes {count} seconds with an empty profile.",
    ),
    internals=(
        "regression of the last release, fix planned in build {code}",
        "customer runs an unlicensed copy on {count} machines",
        "developer on holiday, nobody else knows this part",
    ),
    summaries=(
        "Fixed in the current build, confirmed by {name}.",
        "Profile cleaned up, starts in {count} seconds.",
        "Pointed to the right chapter of the manual.",
        "New licence key issued.",
    ),
    solutions=(
        "Start without plug-ins",
        "Export more rows than a sheet holds",
        "Enter a licence key",
    ),
    changes=("Export stops silently at the limit", "Plug-in loader hides the first error"),
)

TOPICS = (PRINTING, DEVICES, NETWORK, ACCOUNTS, INVOICES, SOFTWARE)

TOPIC_OF_AREA = {topic.area: topic for topic in TOPICS}

PHONE_CALLS = (
    "{name} called to ask how far we are.",
    "Called {name}; nobody picked up, left a message.",
    "Long call with {name}, went through the steps together.",
    "{name} reports that it happened again {count} minutes ago.",
    "Agreed with {name} to look at it together tomorrow at nine.",
)
REQUESTS_BY_MAIL = (
    "Could you send us the serial number and a photo, {name}?",
    "Please try again now and tell us whether it works.",
    "We have found the cause and are testing a correction.",
    "Thank you for waiting, {name}; we shall have news by noon.",
)
ANSWERS_BY_MAIL = (
    "Here is the file you asked for. Regards, {name}",
    "It works again, thank you. {name}",
    "Still the same message as yesterday. Regards, {name}",
    "When can we expect somebody here? {name}",
)
CUSTOMER_NOTES = (
    "I forgot to say: it began on Friday.",
    "It also happens on the machine next to it.",
    "Is there any news? We have {count} people waiting.",
    "Restarted it myself, it runs for now.",
)
CALL_INTERNALS = (
    "caller was rather loud, keep {name} informed twice a day",
    "{name} hints at a competing offer",
)
STATUS_NOTES = (
    "Waiting for word from {name}.",
    "Next look tomorrow morning.",
    "Correction is on the test system.",
    "All parts are there.",
)
FORWARD_REASONS = (
    "Wrong queue, this needs your hands.",
    "Not ours: please see the second note.",
    "They have seen the same thing last week.",
)
REJECT_REASONS = (
    "Serial number is missing, please ask {name} first.",
    "Not reproducible here, back to you.",
    "This is a question of the contract, not of the product.",
)
SUBCASES = (
    "Visit on site",
    "Check the stock of spare parts",
    "Ask engineering for an opinion",
    "Collect the logs",
)
SUBCASE_SUMMARIES = (
    "Done, see the notes of the case.",
    "Visited and measured, nothing unusual.",
    "Answer received and passed on.",
)
REOPENINGS = (
    "{name} reports that it is back.",
    "Closed too early: {count} users still see it.",
    "The correction did not survive the restart.",
)
