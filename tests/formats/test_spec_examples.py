"""An activity of every verb and type, and every form of one: what comes back of each.

`golden/spec` holds what is sent, `NAME.json`; beside it is what is served then, in the same
dialect, `NAME.out.json`, and in Atom, `NAME.atom`.
"""

import json
from pathlib import Path

import pytest

from feedserver.model.vocabulary import AS1_TYPES, AS1_VERBS, AS2_ACTIVITIES, AS2_OBJECTS, kebab
from tests.formats.exchange import Exchange
from tests.formats.golden import FOLDER, assert_golden

SPEC = FOLDER / "spec"
EXAMPLES = sorted(path for path in SPEC.glob("*/*.json") if not path.stem.endswith(".out"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_comes_back_is_as_the_golden_files_have_it(path: Path) -> None:
    dialect, name = path.parent.name, f"spec/{path.parent.name}/{path.stem}"
    exchange = Exchange()

    verdicts = exchange.send(json.loads(path.read_text(encoding="utf-8")), dialect)

    for written, ending in ((dialect, "out.json"), ("atom", "atom")):
        if len(verdicts) == 1:
            document = exchange.alone(verdicts[0].id, written)
        else:
            document = exchange.page(written)
        assert_golden(f"{name}.{ending}", document)


def test_nothing_that_runs_or_that_only_some_may_see_comes_back() -> None:
    sent = "".join(path.read_text(encoding="utf-8") for path in EXAMPLES)
    back = "".join(path.read_text(encoding="utf-8") for path in SPEC.glob("*/*.out.json"))
    shown = "".join(path.read_text(encoding="utf-8") for path in SPEC.glob("*/*.atom"))

    for sign in ("<script", "javascript:", "onclick=", "onerror=", "file:///", '"bto"', '"bcc"'):
        assert sign in sent
        assert sign not in back
        assert sign.replace("<", "&lt;") not in shown


def test_there_is_an_example_of_everything_registered() -> None:
    names = {f"{path.parent.name}/{path.stem}" for path in EXAMPLES}

    assert {f"{path.parent.name}/{path.stem}" for path in SPEC.glob("*/*.atom")} == names
    assert names >= {f"as1/verb-{verb}" for verb in AS1_VERBS}
    assert names >= {f"as1/object-{kind}" for kind in AS1_TYPES}
    assert names >= {f"as2/activity-{kebab(kind)}" for kind in AS2_ACTIVITIES}
    assert names >= {f"as2/object-{kebab(kind)}" for kind in AS2_OBJECTS}
