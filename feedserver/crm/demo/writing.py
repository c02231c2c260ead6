"""One step while it is being written down."""

from datetime import datetime

from feedserver.crm.demo.cast import SELF_SERVICE, STATUS, Activity
from feedserver.crm.demo.directory import Directory
from feedserver.crm.demo.rows import Rows, Value
from feedserver.crm.demo.schema import ACT_ENTRY, CONDITION, NULL_DATE, date_text
from feedserver.crm.demo.world import Case, World

_SOLUTION_FOCUS = 1
_CASE_FOCUS = 0

# Only the code of Open is documented; readers go by the title.
_CONDITION_CODES = {"Open": 2, "Closed": 4, "Open-Dispatch": 10}


class Writing:
    """The time of the step, and the rows that it leaves; `world` is what is so beforehand."""

    def __init__(self, rows: Rows, directory: Directory, world: World, at: datetime) -> None:
        self.rows = rows
        self.directory = directory
        self.world = world
        self.at = at
        self.now = date_text(at)
        self.case_entries = 0

    def user(self, login: str) -> int:
        return self.directory.users[login]

    def status(self, title: str) -> int:
        return self.directory.elements[STATUS, title]

    def entry(self, code: Activity, by: str, information: str = "", **relations: Value) -> int:
        """Writes an act_entry and returns its objid."""
        return self.rows.insert(
            ACT_ENTRY,
            act_code=code.value,
            entry_time=self.now,
            addnl_info=information[:255],
            proxy="",
            removed=0,
            dev=1,
            act_entry2user=self.user(by),
            entry_name2gbst_elm=self.directory.activities[code],
            **relations,
        )

    def case_entry(
        self, case: Case, code: Activity, by: str, information: str = "", **relations: Value
    ) -> int:
        """Writes an act_entry of the case; what comes by self service is the customer's."""
        self.case_entries += 1
        if by == SELF_SERVICE:
            relations["act_entry2contact"] = self.directory.contacts[case.contact]
        return self.entry(
            code,
            by,
            information,
            act_entry2case=case.objid,
            focus_type=_CASE_FOCUS,
            focus_lowid=case.objid,
            **relations,
        )

    def solution_entry(self, solution: int, code: Activity, by: str, information: str) -> int:
        """Writes an act_entry of the solution alone."""
        return self.entry(
            code,
            by,
            information,
            act_entry2probdesc=solution,
            focus_type=_SOLUTION_FOCUS,
            focus_lowid=solution,
        )

    def open_condition(self) -> int:
        """Writes the condition of a new object and returns its objid."""
        return self.rows.insert(
            CONDITION,
            condition=_CONDITION_CODES["Open"],
            title="Open",
            wipbin_time=self.now,
            queue_time=NULL_DATE,
            sequence_num=0,
            dev=1,
        )

    def set_condition(self, condition: int, title: str) -> None:
        """`title` is Open, Open-Dispatch or Closed."""
        moved: dict[str, Value] = {
            "queue_time" if title == "Open-Dispatch" else "wipbin_time": self.now
        }
        self.rows.update(
            CONDITION, condition, condition=_CONDITION_CODES[title], title=title, **moved
        )
