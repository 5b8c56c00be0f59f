import base64

import pytest
from pydantic import SecretStr, ValidationError

from gateway.endpoints.azure_iot_hub.dps import DpsConfig, device_key
from gateway.endpoints.azure_iot_hub.dps.keys import derived, token
from tests.support.iothub import access

GROUP_KEY = "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw=="
KEY = base64.b64encode(b"secret?>" * 4).decode()


def config(**changes: object) -> DpsConfig:
    return DpsConfig.model_validate({"id_scope": "0ne00000000", "registration_id": "box.1", **changes})


def test_a_key_is_derived_as_in_the_documentations_example() -> None:
    assert derived(GROUP_KEY, "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6") == "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc="


def test_a_group_key_gives_a_key_of_ones_own_and_a_certificate_none() -> None:
    assert device_key(config(group_key=SecretStr(GROUP_KEY))) == derived(GROUP_KEY, "box.1")
    assert device_key(config(key=SecretStr(KEY))) == KEY
    assert device_key(config()) is None


def test_a_token_is_for_the_registration_and_names_its_policy() -> None:
    made = access.token(token(config(), KEY, 2_000_000_000))
    assert made.resource == "0ne00000000/registrations/box.1"
    assert (made.ends_s, made.policy) == (2_000_000_000, "registration")
    assert made.is_signed_with([KEY])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"key": KEY, "group_key": GROUP_KEY}, "either a key or a group_key"),
        ({"key": "not base64!"}, "base64"),
        ({"key": ""}, "base64"),
        ({"group_key": "ü"}, "base64"),
        ({"registration_id": "Box"}, "small letters"),
        ({"registration_id": "a/b"}, "registration id"),
        ({"registration_id": "x" * 129}, "128"),
        ({"id_scope": "0ne/1"}, "id scope"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        config(**changes)
