"""KMS: keys and their aliases."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from mqscaffold.sandbox.aws.documents import KEY, check_policy
from mqscaffold.sandbox.aws.kind import (
    Aws,
    GoneError,
    Kind,
    Refusal,
    Refusals,
    as_text,
    known,
    matches,
    number,
)
from mqscaffold.sandbox.wire import Props


class Key(Kind):
    token = "aws:kms/key:Key"
    tagged = True
    reads = frozenset(
        [
            "description",
            "policy",
            "enableKeyRotation",
            "rotationPeriodInDays",
            "tags",
            "deletionWindowInDays",
            "isEnabled",
        ]
    )
    unproven: ClassVar = {
        "region": "one region is emulated",
        "bypassPolicyLockoutSafetyCheck": "the lockout check is not emulated",
        "customKeyStoreId": "custom key stores are not emulated",
        "xksKeyId": "external key stores are not emulated",
        "customerMasterKeySpec": "only symmetric keys are made",
        "keyUsage": "only encryption keys are made",
        "multiRegion": "one region is emulated",
    }
    defaults: ClassVar = {
        "enableKeyRotation": False,
        "isEnabled": True,
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "keyUsage": "ENCRYPT_DECRYPT",
        "bypassPolicyLockoutSafetyCheck": False,
    }
    computed = ("arn", "keyId")
    replaces = frozenset(["customerMasterKeySpec", "keyUsage", "multiRegion", "region"])

    def check(self, props: Props) -> Refusals:
        yield from check_policy(props, "policy", KEY)
        # https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
        yield from number(props, "deletionWindowInDays", 7, 30)
        # https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html
        yield from number(props, "rotationPeriodInDays", 90, 2560)
        if known(props, "rotationPeriodInDays") and props.get("enableKeyRotation") is not True:
            yield Refusal("rotationPeriodInDays", "needs enableKeyRotation")

    def create(self, aws: Aws, props: Props) -> tuple[str, Props]:
        kms = aws.client("kms")
        given: Props = {"Description": props.get("description") or ""}
        if props.get("policy"):
            given["Policy"] = as_text(props["policy"])
        given["Tags"] = [
            {"TagKey": key, "TagValue": value} for key, value in aws.all_tags(props).items()
        ]
        made = kms.create_key(**given)["KeyMetadata"]
        self.update(aws, made["KeyId"], props, ["enableKeyRotation", "isEnabled"])
        return made["KeyId"], {"keyId": made["KeyId"], "arn": made["Arn"], "region": aws.region}

    def read(self, aws: Aws, id_: str, old: Props) -> Props:
        kms = aws.client("kms")
        try:
            live = kms.describe_key(KeyId=id_)["KeyMetadata"]
        except kms.exceptions.NotFoundException:
            raise GoneError(id_) from None
        if live.get("KeyState") == "PendingDeletion":
            raise GoneError(id_)
        return {
            **self.defaults,
            "description": live.get("Description", ""),
            "isEnabled": live.get("Enabled", True),
            **self._rotation(kms, id_),
            "keyId": live["KeyId"],
            "arn": live["Arn"],
            "region": aws.region,
        }

    @staticmethod
    def _rotation(kms: Any, id_: str) -> Props:
        status = kms.get_key_rotation_status(KeyId=id_)
        if not status["KeyRotationEnabled"]:
            return {"enableKeyRotation": False}
        period = status.get("RotationPeriodInDays")
        return {"enableKeyRotation": True, **({"rotationPeriodInDays": period} if period else {})}

    def update(self, aws: Aws, id_: str, new: Props, changed: Collection[str]) -> None:
        kms = aws.client("kms")
        if "policy" in changed and new.get("policy"):
            kms.put_key_policy(KeyId=id_, PolicyName="default", Policy=as_text(new["policy"]))
        if "description" in changed:
            kms.update_key_description(KeyId=id_, Description=new.get("description") or "")
        if {"enableKeyRotation", "rotationPeriodInDays"} & set(changed):
            if new.get("enableKeyRotation"):
                period = new.get("rotationPeriodInDays")
                extra = {} if period is None else {"RotationPeriodInDays": period}
                kms.enable_key_rotation(KeyId=id_, **extra)
            elif "enableKeyRotation" in changed:
                kms.disable_key_rotation(KeyId=id_)
        if "isEnabled" in changed and new.get("isEnabled") is False:
            kms.disable_key(KeyId=id_)

    def delete(self, aws: Aws, id_: str, props: Props) -> None:
        aws.client("kms").schedule_key_deletion(
            KeyId=id_, PendingWindowInDays=props.get("deletionWindowInDays") or 30
        )


class Alias(Kind):
    token = "aws:kms/alias:Alias"
    name = "name"
    reads = frozenset(["name", "targetKeyId"])
    unproven: ClassVar = {
        "region": "one region is emulated",
        "namePrefix": "use the name Pulumi gives",
    }
    computed = ("arn", "targetKeyArn")
    replaces = frozenset(["name", "region"])

    def prefix(self) -> str:
        return "alias/"

    def check(self, props: Props) -> Refusals:
        return matches(
            props,
            "name",
            r"alias/(?!aws/)[a-zA-Z0-9/_-]{1,250}",
            "must begin with alias/ (not alias/aws/) and hold only alphanumeric characters, "
            "hyphens, underscores and slashes",
        )

    def create(self, aws: Aws, props: Props) -> tuple[str, Props]:
        kms = aws.client("kms")
        kms.create_alias(AliasName=props["name"], TargetKeyId=props["targetKeyId"])
        key = kms.describe_key(KeyId=props["targetKeyId"])["KeyMetadata"]["Arn"]
        arn = f"{key.rsplit(':', 1)[0]}:{props['name']}"
        return props["name"], {"arn": arn, "targetKeyArn": key, "region": aws.region}

    def read(self, aws: Aws, id_: str, old: Props) -> Props:
        for page in aws.client("kms").get_paginator("list_aliases").paginate():
            for alias in page["Aliases"]:
                if alias["AliasName"] == id_:
                    return {
                        "name": id_,
                        "targetKeyId": alias["TargetKeyId"],
                        "arn": alias["AliasArn"],
                        "region": aws.region,
                    }
        raise GoneError(id_)

    def update(self, aws: Aws, id_: str, new: Props, changed: Collection[str]) -> None:
        if "targetKeyId" in changed:
            aws.client("kms").update_alias(AliasName=id_, TargetKeyId=new["targetKeyId"])

    def delete(self, aws: Aws, id_: str, props: Props) -> None:
        aws.client("kms").delete_alias(AliasName=id_)
