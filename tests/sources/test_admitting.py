"""Who may deliver to a webhook, and what its settings may say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feedserver.errors import SettingsError, Unsigned
from feedserver.sources.webhook import make_hook
from feedserver.sources.webhook.admitting import ByAddress, BySignature, ByStandardWebhooks
from tests.builders import AUTHORITY, NOON

SECRET = "0123456789abcdef"
STANDARD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
SENT = datetime.fromtimestamp(1614265330, UTC)
SIGNED = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
"""The example that libraries of Standard Webhooks are tested with."""


class TestByAddress:
    @pytest.mark.parametrize(
        "wrong", ["", SECRET[:-1], SECRET + "0", SECRET.upper(), "ü" * 16, "\ud800" * 16]
    )
    def test_only_the_secret_is_known(self, wrong: str) -> None:
        admission = ByAddress(SECRET)

        assert admission.knows(SECRET)
        assert not admission.knows(wrong)

    @pytest.mark.parametrize(
        "secret", ["short", "0123456789/abcdef", "0123456789 abcdef", "ü" * 16]
    )
    def test_a_secret_that_can_be_guessed_or_not_stand_in_an_address_is_refused(
        self, secret: str
    ) -> None:
        with pytest.raises(ValueError, match=r"16 are the least|write letters"):
            ByAddress(secret)


class TestBySignature:
    ADMISSION = BySignature("It's a Secret to Everybody")
    SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    """The example of GitHub's documentation."""

    def test_what_is_signed_is_admitted(self) -> None:
        self.ADMISSION.check({"x-hub-signature-256": self.SIGNATURE}, b"Hello, World!", NOON)

    @pytest.mark.parametrize(
        ("headers", "body", "told"),
        [
            ({}, b"Hello, World!", "it has no X-Hub-Signature-256"),
            ({"x-hub-signature-256": SIGNATURE}, b"Hello, World.", "is not that of the body"),
            ({"x-hub-signature-256": SIGNATURE[:-1]}, b"Hello, World!", "is not that of the body"),
            ({"x-hub-signature-256": SIGNATURE[7:]}, b"Hello, World!", "is not that of the body"),
            ({"x-hub-signature-256": "ü"}, b"Hello, World!", "is not that of the body"),
            ({"x-hub-signature-256": ""}, b"Hello, World!", "is not that of the body"),
        ],
    )
    def test_all_else_is_refused(self, headers: dict[str, str], body: bytes, told: str) -> None:
        with pytest.raises(Unsigned, match=told):
            self.ADMISSION.check(headers, body, NOON)

    def test_it_is_no_end_of_an_address(self) -> None:
        assert not self.ADMISSION.knows("It's a Secret to Everybody")


class TestByStandardWebhooks:
    ADMISSION = ByStandardWebhooks(STANDARD, 300)

    @pytest.mark.parametrize("seconds", [0, 300, -300])
    def test_what_is_signed_is_admitted_within_the_tolerance(self, seconds: int) -> None:
        self.ADMISSION.check(SIGNED, BODY, SENT + timedelta(seconds=seconds))

    @pytest.mark.parametrize(
        ("seconds", "told"), [(301, "is 301 s ago; 300 s are"), (-301, "is 301 s ahead; 300 s are")]
    )
    def test_what_is_too_old_or_ahead_is_refused(self, seconds: int, told: str) -> None:
        with pytest.raises(Unsigned, match=told):
            self.ADMISSION.check(SIGNED, BODY, SENT + timedelta(seconds=seconds))

    def test_of_several_signatures_one_is_enough(self) -> None:
        given = f"v1a,AAAA v1,AAAA= {SIGNED['webhook-signature']} v2,x"

        self.ADMISSION.check(SIGNED | {"webhook-signature": given}, BODY, SENT)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("webhook-id", "msg_other"),
            ("webhook-timestamp", "1614265331"),
            ("webhook-timestamp", "1614265330.0"),
            ("webhook-signature", "v1,AAAA"),
            ("webhook-signature", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
            ("webhook-signature", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ],
    )
    def test_what_is_changed_is_refused(self, name: str, value: str) -> None:
        with pytest.raises(Unsigned, match="webhook-signature is not that of"):
            self.ADMISSION.check(SIGNED | {name: value}, BODY, SENT)

    def test_another_body_is_refused(self) -> None:
        with pytest.raises(Unsigned, match="webhook-signature is not that of"):
            self.ADMISSION.check(SIGNED, BODY + b" ", SENT)

    @pytest.mark.parametrize("name", SIGNED)
    def test_what_lacks_a_header_is_refused_by_its_name(self, name: str) -> None:
        headers = {other: value for other, value in SIGNED.items() if other != name}

        with pytest.raises(Unsigned, match=f"it has no {name}"):
            self.ADMISSION.check(headers, BODY, SENT)

    @pytest.mark.parametrize("secret", [SECRET, "whsec_", "whsec_????", "whsec_MfKQ9r8G", "whsec"])
    def test_a_secret_that_is_none_of_the_standard_is_refused(self, secret: str) -> None:
        with pytest.raises(ValueError, match="it is `whsec_` and 16 bytes or more in base64"):
            ByStandardWebhooks(secret, 300)


def hook_of(**settings: Any) -> Any:
    given = {"type": "webhook", "secret": SECRET, "mapping": {"verb": "update", "title": "t"}}
    return make_hook("ci", {**given, **settings}, AUTHORITY)


@pytest.mark.parametrize(
    ("settings", "is_signed"),
    [
        ({}, False),
        ({"signature": "none", "preset": "none"}, False),
        ({"signature": "github", "secret": "what / is signed with"}, True),
        ({"signature": "standard", "secret": STANDARD, "tolerance": 60}, True),
    ],
)
def test_a_hook_is_made_of_its_settings(settings: dict[str, Any], is_signed: bool) -> None:
    hook = hook_of(**settings)

    assert (hook.name, hook.admission.is_signed) == ("ci", is_signed)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"secret": None}, "[sources.ci] secret is not set, and has no default. Make one with"),
        ({"secret": 1234567890123456}, "[sources.ci] secret is no text"),
        ({"secret": "hunter2"}, "[sources.ci] secret has 7 characters; 16 are the least"),
        ({"signature": "md5"}, "[sources.ci] signature = 'md5' is unknown; known: none, github,"),
        ({"tolerance": 0}, "[sources.ci] tolerance = 0 is no number of seconds"),
        ({"tolerance": "5"}, "[sources.ci] tolerance = '5' is no number of seconds"),
        ({"tolerance": True}, "[sources.ci] tolerance = True is no number of seconds"),
        ({"tolerance": 90_000}, "[sources.ci] tolerance = 90000 is more than a day"),
        ({"tolerance": 60}, '[sources.ci] tolerance is for signature = "standard"'),
        ({"preset": "carier"}, "[sources.ci] preset"),
        ({"mapping": {"titel": "x"}}, "[sources.ci] mapping"),
    ],
)
def test_settings_that_are_wrong_are_refused_by_their_names(
    settings: dict[str, Any], told: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        hook_of(**settings)

    assert str(refused.value).startswith(told)
    assert "hunter2" not in str(refused.value)
