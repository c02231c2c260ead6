"""What is found where a document does not keep a rule, and how findings are gathered."""

from dataclasses import dataclass

from feedserver.validity.rules import RULES, Rule


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a document does not keep: which, where in the document, and what stands there."""

    rule: Rule
    where: str
    what: str

    def __str__(self) -> str:
        told = (self.rule.name, self.where, self.what)
        return ": ".join(part for part in told if part)


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in a document, in the order in which it was looked at."""

    all: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[str, ...]:
        """What no reader has to bear, each as `Rule: where: what`."""
        return tuple(str(finding) for finding in self.all if not finding.rule.is_warning)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed and troubles some reader, each as `Rule: where: what`."""
        return tuple(str(finding) for finding in self.all if finding.rule.is_warning)


class Report:
    """Gathers findings, each once."""

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}

    def add(self, rule: str, where: str, what: str = "") -> None:
        """Note that the rule of that name is not kept; it is one of `RULES`."""
        self._found[Finding(RULES[rule], where, what)] = None

    def findings(self) -> Findings:
        """Everything that was noted, in the order in which it was."""
        return Findings(tuple(self._found))
