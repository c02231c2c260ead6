"""Nothing secret is left in what is shown."""

import pytest

from feedserver.model.masking import masked

TOKEN = "fs_" + "A1b2C3d4" * 4


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mssql+pyodbc://reader:s3cret@crm", "mssql+pyodbc://reader:***@crm"),
        ("postgresql://reader:s3:c/r?e#t@crm/db", "postgresql://reader:***@crm/db"),
        ("oracle://reader:s3@cret@crm", "oracle://reader:***@crm"),
        ("at oracle://reader:s3cret@crm, it says", "at oracle://reader:***@crm, it says"),
        (
            "mysql://crm/db?user=ann&password=s3cret&ssl=1",
            "mysql://crm/db?user=ann&password=***&ssl=1",
        ),
        (
            "mssql+pyodbc:///?odbc_connect=UID%3Dann%3BPWD%3Ds3cret%3BServer%3Dcrm",
            "mssql+pyodbc:///?odbc_connect=UID%3Dann%3BPWD%3D***%3BServer%3Dcrm",
        ),
        (
            "mssql+pyodbc:///?odbc_connect=PWD={s3c;ret};UID=ann",
            "mssql+pyodbc:///?odbc_connect=PWD=***;UID=ann",
        ),
        ("mssql+pyodbc://ann@corp:s3cret@crm", "mssql+pyodbc://ann@corp:***@crm"),
        ("PWD=s3cret;UID=ann", "PWD=***;UID=ann"),
        (
            "no answer (host=crm password='s3 cret' user=ann)",
            "no answer (host=crm password=*** user=ann)",
        ),
        (f"it was sent with {TOKEN}", "it was sent with fs_…"),
    ],
)
def test_a_secret_is_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:////srv/clarify.sqlite",
        "mssql+pyodbc://reader@crm/db?driver=ODBC+Driver+18",
        "http://server/dovetail/Cases/Summary/{id}?tab=password",
        "Anything else: ask ann@example.com",
    ],
)
def test_everything_else_is_shown(text: str) -> None:
    assert masked(text) == text
