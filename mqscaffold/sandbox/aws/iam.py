"""IAM: roles and the policies that say what they may do."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from mqscaffold.sandbox.aws.documents import INLINE, MANAGED, TRUST, check_policy
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

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_NAME = r"[\w+=,.@-]{{1,{}}}"
_NAME_REASON = "may only contain alphanumeric characters and +=,.@-_, 1 to {} in length"
_PATH = r"/|/[\u0021-\u007e]{1,510}/"
_PATH_REASON = "must begin and end with / and contain only printable ASCII, 512 at most"
_ARN = r"arn:[\w-]+:iam::(\d{12}|aws):policy/.+"


def _names(props: Props, limit: int) -> Refusals:
    yield from matches(props, "name", _NAME.format(limit), _NAME_REASON.format(limit))


def _tags(aws: Aws, props: Props) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in aws.all_tags(props).items()]


class Role(Kind):
    token = "aws:iam/role:Role"
    name = "name"
    tagged = True
    reads = frozenset(
        ["name", "assumeRolePolicy", "description", "path", "maxSessionDuration", "tags"]
    )
    unproven: ClassVar = {
        "namePrefix": "use the name Pulumi gives",
        "permissionsBoundary": "it is a policy of your account, and this is another one",
        "forceDetachPolicies": "matters on destroy only",
        "inlinePolicies": "use aws.iam.RolePolicy",
        "managedPolicyArns": "use aws.iam.RolePolicyAttachment",
    }
    defaults: ClassVar = {"maxSessionDuration": 3600, "path": "/", "forceDetachPolicies": False}
    computed = ("arn", "uniqueId", "createDate")
    replaces = frozenset(["name", "path"])

    def check(self, props: Props) -> Refusals:
        yield from _names(props, 64)
        yield from matches(props, "path", _PATH, _PATH_REASON)
        yield from check_policy(props, "assumeRolePolicy", TRUST)
        yield from number(props, "maxSessionDuration", 3600, 43_200)
        yield from matches(props, "permissionsBoundary", _ARN, "must be the ARN of an IAM policy")
        if len(str(known(props, "description") or "")) > 1000:
            yield Refusal("description", "expected length to be in the range (0 - 1000)")

    def create(self, aws: Aws, props: Props) -> tuple[str, Props]:
        given: dict[str, Any] = {
            "RoleName": props["name"],
            "AssumeRolePolicyDocument": as_text(props["assumeRolePolicy"]),
            "Path": props["path"],
            "MaxSessionDuration": props["maxSessionDuration"],
            "Tags": _tags(aws, props),
        }
        if props.get("description"):
            given["Description"] = props["description"]
        role = aws.client("iam").create_role(**given)["Role"]
        return props["name"], _role_outputs(role)

    def read(self, aws: Aws, id_: str, old: Props) -> Props:
        iam = aws.client("iam")
        try:
            role = iam.get_role(RoleName=id_)["Role"]
        except iam.exceptions.NoSuchEntityException:
            raise GoneError(id_) from None
        trust = role["AssumeRolePolicyDocument"]
        return {
            **self.defaults,
            "name": id_,
            "path": role["Path"],
            "assumeRolePolicy": as_text(trust),
            **_role_outputs(role),
        }

    def update(self, aws: Aws, id_: str, new: Props, changed: Collection[str]) -> None:
        iam = aws.client("iam")
        if "assumeRolePolicy" in changed:
            iam.update_assume_role_policy(
                RoleName=id_, PolicyDocument=as_text(new["assumeRolePolicy"])
            )
        if {"description", "maxSessionDuration"} & set(changed):
            iam.update_role(
                RoleName=id_,
                Description=new.get("description") or "",
                MaxSessionDuration=new.get("maxSessionDuration") or 3600,
            )

    def delete(self, aws: Aws, id_: str, props: Props) -> None:
        aws.client("iam").delete_role(RoleName=id_)


def _role_outputs(role: dict[str, Any]) -> Props:
    return {"arn": role["Arn"], "uniqueId": role["RoleId"], "createDate": str(role["CreateDate"])}


class RolePolicy(Kind):
    token = "aws:iam/rolePolicy:RolePolicy"
    name = "name"
    reads = frozenset(["name", "policy", "role"])
    unproven: ClassVar = {"namePrefix": "use the name Pulumi gives"}
    replaces = frozenset(["name", "role"])

    def check(self, props: Props) -> Refusals:
        yield from _names(props, 128)
        yield from check_policy(props, "policy", INLINE)

    def create(self, aws: Aws, props: Props) -> tuple[str, Props]:
        id_ = f"{props['role']}:{props['name']}"
        self.update(aws, id_, props, ["policy"])
        return id_, {}

    def read(self, aws: Aws, id_: str, old: Props) -> Props:
        role, _, name = id_.partition(":")
        iam = aws.client("iam")
        try:
            live = iam.get_role_policy(RoleName=role, PolicyName=name)
        except iam.exceptions.NoSuchEntityException:
            raise GoneError(id_) from None
        return {"role": role, "name": name, "policy": as_text(live["PolicyDocument"])}

    def update(self, aws: Aws, id_: str, new: Props, changed: Collection[str]) -> None:
        role, _, name = id_.partition(":")
        aws.client("iam").put_role_policy(
            RoleName=role, PolicyName=name, PolicyDocument=as_text(new["policy"])
        )

    def delete(self, aws: Aws, id_: str, props: Props) -> None:
        role, _, name = id_.partition(":")
        aws.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


class Policy(Kind):
    token = "aws:iam/policy:Policy"
    name = "name"
    tagged = True
    reads = frozenset(["name", "policy", "path", "description", "tags"])
    unproven: ClassVar = {
        "namePrefix": "use the name Pulumi gives",
        "delayAfterPolicyCreationInMs": "the emulator is consistent at once",
    }
    defaults: ClassVar = {"path": "/"}
    computed = ("arn", "policyId", "attachmentCount")
    replaces = frozenset(["name", "path", "description"])

    def check(self, props: Props) -> Refusals:
        yield from _names(props, 128)
        yield from matches(props, "path", _PATH, _PATH_REASON)
        yield from check_policy(props, "policy", MANAGED)

    def create(self, aws: Aws, props: Props) -> tuple[str, Props]:
        made = aws.client("iam").create_policy(
            PolicyName=props["name"],
            Path=props["path"],
            PolicyDocument=as_text(props["policy"]),
            Description=props.get("description") or "",
            Tags=_tags(aws, props),
        )["Policy"]
        outputs = {"arn": made["Arn"], "policyId": made["PolicyId"], "attachmentCount": 0}
        return made["Arn"], outputs

    def read(self, aws: Aws, id_: str, old: Props) -> Props:
        iam = aws.client("iam")
        try:
            live = iam.get_policy(PolicyArn=id_)["Policy"]
        except iam.exceptions.NoSuchEntityException:
            raise GoneError(id_) from None
        version = iam.get_policy_version(PolicyArn=id_, VersionId=live["DefaultVersionId"])
        return {
            "name": live["PolicyName"],
            "path": live["Path"],
            "policy": as_text(version["PolicyVersion"]["Document"]),
            "arn": id_,
            "policyId": live["PolicyId"],
            "attachmentCount": live.get("AttachmentCount", 0),
        }

    def update(self, aws: Aws, id_: str, new: Props, changed: Collection[str]) -> None:
        if "policy" in changed:
            aws.client("iam").create_policy_version(
                PolicyArn=id_, PolicyDocument=as_text(new["policy"]), SetAsDefault=True
            )

    def delete(self, aws: Aws, id_: str, props: Props) -> None:
        aws.client("iam").delete_policy(PolicyArn=id_)


class RolePolicyAttachment(Kind):
    token = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    reads = frozenset(["role", "policyArn"])
    replaces = frozenset(["role", "policyArn"])

    def check(self, props: Props) -> Refusals:
        return matches(props, "policyArn", _ARN, "must be the ARN of an IAM policy")

    def create(self, aws: Aws, props: Props) -> tuple[str, Props]:
        aws.client("iam").attach_role_policy(RoleName=props["role"], PolicyArn=props["policyArn"])
        return f"{props['role']}/{props['policyArn']}", {}

    def read(self, aws: Aws, id_: str, old: Props) -> Props:
        role, _, arn = id_.partition("/")
        iam = aws.client("iam")
        try:
            attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        except iam.exceptions.NoSuchEntityException:
            raise GoneError(id_) from None
        if arn not in [policy["PolicyArn"] for policy in attached]:
            raise GoneError(id_)
        return {"role": role, "policyArn": arn}

    def delete(self, aws: Aws, id_: str, props: Props) -> None:
        role, _, arn = id_.partition("/")
        aws.client("iam").detach_role_policy(RoleName=role, PolicyArn=arn)
