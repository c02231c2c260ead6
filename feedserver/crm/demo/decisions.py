"""What people do and say in each situation of a case, without any effect of its own."""

from collections.abc import Sequence
from random import Random

from feedserver.crm.demo import topics
from feedserver.crm.demo.acts import (
    Accept,
    Assign,
    CaseAct,
    ChangeStatus,
    CloseCase,
    CloseSubcase,
    Dispatch,
    Forward,
    LinkSolution,
    LogNote,
    LogPhone,
    OpenCase,
    OpenSubcase,
    ReceiveMail,
    Reject,
    ReopenCase,
    RequestChange,
    RequestPart,
    SendMail,
    Step,
    UnlinkSolution,
    Yank,
)
from feedserver.crm.demo.cast import (
    AGENTS,
    AWAITING_CUSTOMER,
    AWAITING_PARTS,
    CUSTOMERS,
    INTERNAL,
    LISTS,
    NEW,
    PRODUCTS,
    QUEUES,
    RESOLUTION,
    RULE_MANAGER,
    SELF_SERVICE,
    SEVERITY,
    TESTING,
    VENDORS,
    WORKING,
)
from feedserver.crm.demo.topics import TOPIC_OF_AREA, TOPICS, Topic
from feedserver.crm.demo.world import Case

Acts = tuple[CaseAct, ...]

_LOGINS = tuple(agent.login for agent in AGENTS)
_REVISIONS = {product.part_number: product.revisions for product in PRODUCTS}


def say(templates: Sequence[str], product: str, name: str, random: Random) -> str:
    """One of the sentences, filled in."""
    return random.choice(templates).format(
        product=product, name=name, count=random.randint(2, 9), code=random.randint(1000, 9999)
    )


def _sentence(templates: Sequence[str], case: Case, random: Random) -> str:
    return say(templates, case.product, case.first_name, random)


def _topic(case: Case) -> Topic:
    return TOPIC_OF_AREA[case.area]


def _agent(random: Random, *others: str) -> str:
    return random.choice([login for login in _LOGINS if login not in others])


def _owner(case: Case, random: Random) -> str:
    """Who works on the case: its owner, unless that is a machine."""
    return case.owner if case.owner in _LOGINS else _agent(random)


def _other_queue(case: Case, random: Random) -> str:
    """A queue of the topic as a rule, but people also send cases astray."""
    queues = _topic(case).queues if random.random() < 0.8 else QUEUES
    return random.choice([queue for queue in queues if queue != case.queue])


def open_case(random: Random) -> Step:
    """A new case, mostly sent to a queue at once."""
    topic, customer = random.choice(TOPICS), random.choice(CUSTOMERS)
    product = random.choice(topic.products)
    first_name, last_name = random.choice(customer.contacts)
    is_self_service = random.random() < 0.25
    opening = OpenCase(
        by=SELF_SERVICE if is_self_service else _agent(random),
        area=topic.area,
        product=product,
        revision=random.choice(_REVISIONS[product]),
        site=customer.site,
        contact=f"{first_name} {last_name}",
        title=say(topic.titles, product, first_name, random),
        case_type=random.choices(("Problem", "Question", "Request"), (6, 2, 2))[0],
        priority=random.choices(("Low", "Medium", "High", "Urgent"), (2, 5, 2, 1))[0],
        severity=random.choice(LISTS[SEVERITY]),
    )
    return Step(opening, _after_opening(opening, topic, random))


def _after_opening(opening: OpenCase, topic: Topic, random: Random) -> Acts:
    queue = random.choices(topic.queues, range(len(topic.queues), 0, -1))[0]
    if opening.by == SELF_SERVICE:
        return (Dispatch(RULE_MANAGER, queue),)
    chance = random.random()
    if chance < 0.7:
        return (Dispatch(opening.by, queue),)
    if chance < 0.85:
        text = say(topic.notes, opening.product, opening.contact.partition(" ")[0], random)
        return (LogNote(opening.by, text),)
    return ()


def reopen_case(case: Case, random: Random) -> Acts:
    agent = _agent(random)
    return (
        ReopenCase(agent),
        LogNote(agent, _sentence(topics.REOPENINGS, case, random)),
    )


def accept(case: Case, random: Random) -> Acts:
    agent = _agent(random)
    if case.status == NEW and random.random() < 0.5:
        return (Accept(agent), ChangeStatus(agent, WORKING))
    return (Accept(agent),)


def yank(case: Case, random: Random) -> Acts:
    return (Yank(_agent(random)),)


def assign(case: Case, random: Random) -> Acts:
    agent = _owner(case, random)
    return (Assign(agent, _agent(random, agent)),)


def forward(case: Case, random: Random) -> Acts:
    reason = _sentence(topics.FORWARD_REASONS, case, random)
    return (Forward(_agent(random), _other_queue(case, random), reason),)


def dispatch(case: Case, random: Random) -> Acts:
    return (Dispatch(_owner(case, random), _other_queue(case, random)),)


def reject(case: Case, random: Random) -> Acts:
    return (Reject(_owner(case, random), _sentence(topics.REJECT_REASONS, case, random)),)


def change_status(case: Case, random: Random) -> Acts:
    stages = (WORKING, AWAITING_CUSTOMER, AWAITING_PARTS, TESTING)
    status = random.choice([stage for stage in stages if stage != case.status])
    notes = _sentence(topics.STATUS_NOTES, case, random) if random.random() < 0.5 else ""
    return (ChangeStatus(_owner(case, random), status, notes),)


def log_note(case: Case, random: Random) -> Acts:
    """Public as a rule, with an internal part sometimes, at times for colleagues only."""
    agent = _owner(case, random) if random.random() < 0.8 else _agent(random)
    text = _sentence(_topic(case).notes, case, random)
    internal = INTERNAL + _sentence(_topic(case).internals, case, random)
    chance = random.random()
    if chance < 0.15:
        return (LogNote(agent, internal, is_internal=True),)
    if chance < 0.35:
        return (LogNote(agent, text, internal),)
    return (LogNote(agent, text),)


def log_customer_note(case: Case, random: Random) -> Acts:
    return (LogNote(SELF_SERVICE, _sentence(topics.CUSTOMER_NOTES, case, random)),)


def log_phone(case: Case, random: Random) -> Acts:
    text = _sentence(topics.PHONE_CALLS, case, random)
    internal = ""
    if random.random() < 0.25:
        internal = INTERNAL + _sentence(topics.CALL_INTERNALS, case, random)
    return (LogPhone(_owner(case, random), text, internal),)


def send_mail(case: Case, random: Random) -> Acts:
    agent = _owner(case, random)
    mail = SendMail(agent, _sentence(topics.REQUESTS_BY_MAIL, case, random))
    if case.status != AWAITING_CUSTOMER and random.random() < 0.4:
        return (mail, ChangeStatus(agent, AWAITING_CUSTOMER))
    return (mail,)


def receive_mail(case: Case, random: Random) -> Acts:
    return (ReceiveMail(SELF_SERVICE, _sentence(topics.ANSWERS_BY_MAIL, case, random)),)


def link_solution(case: Case, random: Random) -> Acts:
    title = random.choice(_topic(case).solutions)
    return (LinkSolution(_owner(case, random), f"{title} ({case.product} {case.revision})"),)


def unlink_solution(case: Case, random: Random) -> Acts:
    return (UnlinkSolution(_owner(case, random)),)


def request_change(case: Case, random: Random) -> Acts:
    return (RequestChange(_owner(case, random), random.choice(_topic(case).changes)),)


def request_part(case: Case, random: Random) -> Acts:
    agent = _owner(case, random)
    part = RequestPart(agent, random.choice(VENDORS))
    if case.status == AWAITING_PARTS:
        return (part,)
    return (part, ChangeStatus(agent, AWAITING_PARTS))


def open_subcase(case: Case, random: Random) -> Acts:
    return (OpenSubcase(_owner(case, random), random.choice(topics.SUBCASES)),)


def close_subcase(case: Case, random: Random) -> Acts:
    return (CloseSubcase(_owner(case, random), random.choice(topics.SUBCASE_SUMMARIES)),)


def close_case(case: Case, random: Random) -> Acts:
    """With everything that hangs on the case."""
    agent = _owner(case, random)
    summary = _sentence(_topic(case).summaries, case, random)
    closing = CloseCase(agent, summary, random.choice(LISTS[RESOLUTION]))
    if case.subcase is None:
        return (closing,)
    return (CloseSubcase(agent, random.choice(topics.SUBCASE_SUMMARIES)), closing)
