"""The list of all settings: value, origin, default, meaning."""

from pathlib import Path

import pytest

from feedserver.diagnosis.listing import Listed, listed
from feedserver.settings import SETTINGS, source_rows, written_settings

FILE = """# The settings.
authority = "yours.org,2026"
store = "sqlite:///${NAME}.db"

[sources.crm]
type = "clarify"  # the only one
url = "mssql+pyodbc://reader:${CRM_PASSWORD}@crm"
"every" = 10
links.case = "http://crm.example/{id}"

[sources.other]
url = "oracle://reader:s3cret@crm"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of the settings."""
    path = tmp_path / "feedserver.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def settings_of(path: Path, **environment: str) -> dict[str, Listed]:
    variables = {"FEEDSERVER_SETTINGS": str(path), "CRM_PASSWORD": "s3cret", **environment}
    return {each.name: each for each in listed(written_settings(variables), variables)}


def test_every_setting_is_listed_and_those_of_each_source(path: Path) -> None:
    rows = [row.name for row in SETTINGS]
    of_sources = [
        f"sources.{name}.{row.name}"
        for name, values in (("crm", {"type": "clarify"}), ("other", {}))
        for row in source_rows(values)
    ]

    assert list(settings_of(path)) == [*rows, *of_sources]


@pytest.mark.parametrize(
    ("name", "value", "origin"),
    [
        ("authority", "yours.org,2026", "{path}, line 2"),
        ("title", "feedserver", "default"),
        ("store", "sqlite:///${NAME}.db", "{path}, line 3"),
        ("sources.crm.type", "clarify", "{path}, line 6"),
        ("sources.crm.url", "mssql+pyodbc://reader:***@crm", "{path}, line 7"),
        ("sources.crm.every", "10", "{path}, line 8"),
        ("sources.crm.links", '{ case = "http://crm.example/{id}" }', "{path}"),
        ("sources.crm.window", "5000", "default"),
        ("sources.other.url", "oracle://reader:***@crm", "{path}, line 12"),
        ("sources.other.timezone", None, "not set"),
    ],
)
def test_a_setting_tells_its_value_and_where_it_is_from(
    path: Path, name: str, value: str | None, origin: str
) -> None:
    setting = settings_of(path)[name]

    assert (setting.value, setting.origin) == (value, origin.format(path=path))


def test_a_setting_tells_its_default_and_meaning(path: Path) -> None:
    for row in SETTINGS:
        setting = settings_of(path)[row.name]
        assert (setting.default, setting.meaning) == (row.default, row.meaning)


def test_the_environment_is_named_where_it_says_a_setting(path: Path) -> None:
    settings = settings_of(
        path,
        FEEDSERVER_AUTHORITY="other.org,2026",
        FEEDSERVER_TITLE="${TEAM} desk",
        TEAM="Blue",
        FEEDSERVER_SOURCES__CRM__URL="oracle://reader:0ther@crm",
    )

    told = {name: (each.value, each.origin) for name, each in settings.items()}
    assert told["authority"] == ("other.org,2026", f"FEEDSERVER_AUTHORITY over {path}, line 2")
    assert told["title"] == ("Blue desk", "FEEDSERVER_TITLE")
    assert told["sources.crm.url"] == (
        "oracle://reader:***@crm",
        f"FEEDSERVER_SOURCES__CRM__URL over {path}, line 7",
    )


def test_all_of_the_sources_may_stand_in_one_variable(tmp_path: Path) -> None:
    environment = {"FEEDSERVER_SOURCES": '{crm = {type = "clarify"}}'}
    (tmp_path / "feedserver.toml").write_text("", encoding="utf-8")

    settings = settings_of(tmp_path / "feedserver.toml", **environment)

    assert settings["sources.crm.type"].origin == "FEEDSERVER_SOURCES"


def test_what_is_no_setting_is_listed_as_that(path: Path) -> None:
    path.write_text('titel = "x"\n[sources.crm]\npassword = "s3cret"\n')

    settings = settings_of(path, FEEDSERVER_SOURCES__CRM__PIN="4711")

    assert settings["titel"].meaning == "This is no setting. Take it out."
    assert settings["titel"].origin == f"{path}, line 1"
    assert settings["sources.crm.password"].origin == f"{path}, line 3"
    names = ("titel", "sources.crm.password", "sources.crm.pin")
    assert {settings[name].value for name in names} == {"***"}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('url = "oracle://ann:s3 cr@t@crm"', "oracle://ann:***@crm"),
        ('url = "oracle://ann@corp:s3cret@crm"', "oracle://ann@corp:***@crm"),
        ('url = "UID=ann;PWD=s3cret"', "UID=ann;PWD=***"),
        ('url = { password = "s3cret" }', "{ password = *** }"),
        ('[sources.crm.links]\npassword = "s3cret"', "{ password = *** }"),
    ],
)
def test_a_password_shows_nowhere(path: Path, line: str, value: str) -> None:
    path.write_text(f"[sources.crm]\n{line}\n")

    settings = settings_of(path)

    assert value in (settings["sources.crm.url"].value, settings["sources.crm.links"].value)


def test_of_a_secret_nothing_is_listed_but_the_name_that_stands_for_it(tmp_path: Path) -> None:
    path = tmp_path / "feedserver.toml"
    hook = '[sources.{}]\ntype = "webhook"\nsecret = "{}"\nmapping = {{ title = "t" }}\n'
    path.write_text(hook.format("one", "s3cret-and-long-enough") + hook.format("two", "${HOOK}"))

    settings = settings_of(path)

    assert settings["sources.one.secret"].value == "***"
    assert settings["sources.two.secret"].value == "${HOOK}"
    assert settings["sources.one.mapping"].value == "(written there)"
    assert not any("s3cret" in str(each) for each in settings.values())
    assert "sources.one.url" not in settings
