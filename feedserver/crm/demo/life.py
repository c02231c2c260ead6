"""What happens next in the demo CRM, and when."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from feedserver.crm.demo import decisions
from feedserver.crm.demo.acts import AdvanceChange, Event, SignContract, Step
from feedserver.crm.demo.cast import AGENTS, AWAITING_CUSTOMER, AWAITING_PARTS, CUSTOMERS
from feedserver.crm.demo.decisions import Acts
from feedserver.crm.demo.world import Case, World

_OFFICE_HOURS = range(8, 18)
_BUSY = 1.3
# So that the whole day, ten busy hours and fourteen calm ones, comes to one.
_CALM = (24 - len(_OFFICE_HOURS) * _BUSY) / (24 - len(_OFFICE_HOURS))

_BETWEEN_EVENTS = timedelta(minutes=26)
_IN_QUEUE = timedelta(minutes=20)
_AT_WORK = timedelta(minutes=30)
_WAITING = timedelta(minutes=55)
_AT_ONCE = timedelta(seconds=45)


@dataclass(frozen=True, slots=True)
class _Option:
    """Something that can be done with a case, and how often it is compared with the others."""

    weight: int
    decide: Callable[[Case, Random], Acts]
    fits: Callable[[Case], bool] = lambda case: True


_QUEUED = (
    _Option(64, decisions.accept),
    _Option(10, decisions.forward),
    _Option(7, decisions.yank),
    _Option(6, decisions.assign),
    _Option(4, decisions.dispatch),
    _Option(6, decisions.log_customer_note),
    _Option(3, decisions.receive_mail),
)

_OWNED = (
    _Option(30, decisions.log_note),
    _Option(14, decisions.change_status),
    _Option(11, decisions.log_phone),
    _Option(8, decisions.send_mail),
    _Option(5, decisions.receive_mail),
    _Option(16, decisions.receive_mail, lambda case: case.status == AWAITING_CUSTOMER),
    _Option(5, decisions.log_customer_note),
    _Option(8, decisions.link_solution, lambda case: case.solution is None),
    _Option(4, decisions.unlink_solution, lambda case: case.solution is not None),
    _Option(7, decisions.dispatch),
    _Option(5, decisions.assign),
    _Option(5, decisions.reject, lambda case: case.previous_queue is not None),
    _Option(3, decisions.request_change),
    _Option(3, decisions.request_part),
    _Option(4, decisions.open_subcase, lambda case: case.subcase is None),
    _Option(12, decisions.close_subcase, lambda case: case.subcase is not None),
)


def next_step(case: Case, random: Random) -> Step:
    """What is done next to an open case."""
    return Step(case.objid, _next_acts(case, random))


def _next_acts(case: Case, random: Random) -> Acts:
    if case.queue is None and random.random() < _readiness(case):
        return decisions.close_case(case, random)
    options = [option for option in (_QUEUED if case.queue else _OWNED) if option.fits(case)]
    chosen = random.choices(options, [option.weight for option in options])[0]
    return chosen.decide(case, random)


def _readiness(case: Case) -> float:
    """How likely the next step is the last: the longer the story, the more."""
    return min(0.6, max(0, case.entries - 4) * 0.13)


def next_event(world: World, random: Random) -> Event:
    """What comes from outside: mostly a new case, now and then something else."""
    chance = random.random()
    if chance < 0.07 and world.closed:
        case = random.choice(list(world.closed.values()))
        return Step(case.objid, decisions.reopen_case(case, random))
    if chance < 0.12 and world.changes:
        return AdvanceChange(random.choice(AGENTS).login, random.choice(sorted(world.changes)))
    if chance > 0.98:
        site = random.choice(CUSTOMERS).site
        return SignContract(random.choice(AGENTS).login, site, random.choice((92, 183, 365)))
    return decisions.open_case(random)


def until_next_event(at: datetime, random: Random) -> timedelta:
    """How long after `at` the next event comes from outside."""
    # The sum of two halves comes more evenly than one whole, and so does the work it makes.
    halves = (_around(_BETWEEN_EVENTS / 2, at, random) for _ in range(2))
    return sum(halves, timedelta())


def until_next_step(case: Case, at: datetime, random: Random) -> timedelta:
    """How long after `at` somebody turns to the case."""
    if random.random() < 0.2:
        return random.random() * _AT_ONCE
    if case.queue:
        return _around(_IN_QUEUE, at, random)
    if case.status in (AWAITING_CUSTOMER, AWAITING_PARTS):
        return _around(_WAITING, at, random)
    return _around(_AT_WORK, at, random)


def _around(mean: timedelta, at: datetime, random: Random) -> timedelta:
    pace = _BUSY if at.hour in _OFFICE_HOURS else _CALM
    return random.expovariate(1.0) * mean / pace
