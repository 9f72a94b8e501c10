"""CloudWatch: metric alarms.  They are made and checked; whether they fire is not proven."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from mqscaffold.sandbox.aws.kind import (
    Aws,
    GoneError,
    Kind,
    Refusal,
    Refusals,
    known,
    matches,
    number,
    one_of,
)
from mqscaffold.sandbox.wire import Props

_ARGUMENTS = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluationPeriods": "EvaluationPeriods",
    "extendedStatistic": "ExtendedStatistic",
    "insufficientDataActions": "InsufficientDataActions",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}
_LATER = "metric maths and anomaly detection are not emulated"


class MetricAlarm(Kind):
    token = "aws:cloudwatch/metricAlarm:MetricAlarm"
    name = "name"
    tagged = True
    reads = frozenset(_ARGUMENTS) | {"name", "dimensions", "tags"}
    unproven: ClassVar = {
        "region": "one region is emulated",
        **dict.fromkeys(
            [
                "evaluateLowSampleCountPercentiles",
                "evaluationCriteria",
                "evaluationInterval",
                "evaluationWindow",
                "metricQueries",
                "thresholdMetricId",
                "warmUpConfiguration",
            ],
            _LATER,
        ),
    }
    defaults: ClassVar = {"actionsEnabled": True, "treatMissingData": "missing"}
    computed = ("arn",)
    replaces = frozenset(["name", "region"])

    def check(self, props: Props) -> Refusals:
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
        yield from matches(props, "name", r".{1,255}", "must be 1 to 255 characters long")
        yield from one_of(
            props,
            "comparisonOperator",
            [
                "GreaterThanOrEqualToThreshold",
                "GreaterThanThreshold",
                "LessThanThreshold",
                "LessThanOrEqualToThreshold",
                "LessThanLowerOrGreaterThanUpperThreshold",
                "LessThanLowerThreshold",
                "GreaterThanUpperThreshold",
            ],
        )
        yield from one_of(
            props, "statistic", ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
        )
        yield from one_of(
            props, "treatMissingData", ("missing", "ignore", "breaching", "notBreaching")
        )
        periods, points = known(props, "evaluationPeriods"), known(props, "datapointsToAlarm")
        yield from number(props, "evaluationPeriods", 1, 10_000)
        if periods is not None and points is not None and not 1 <= points <= periods:
            yield Refusal("datapointsToAlarm", f"must be 1 to evaluationPeriods ({periods})")
        period = known(props, "period")
        if period is not None and period not in (10, 20, 30) and (period <= 0 or period % 60):
            yield Refusal("period", "must be 10, 20, 30 or a multiple of 60 seconds")
        for name in ("alarmActions", "okActions", "insufficientDataActions"):
            if len(known(props, name) or []) > 5:
                yield Refusal(name, "at most 5 actions")

    def create(self, aws: Aws, props: Props) -> tuple[str, Props]:
        self.update(aws, props["name"], props, list(props))
        alarm = self._find(aws, props["name"])
        return props["name"], {"arn": alarm["AlarmArn"], "region": aws.region}

    def update(self, aws: Aws, id_: str, new: Props, changed: Collection[str]) -> None:
        given: dict[str, Any] = {
            argument: new[prop]
            for prop, argument in _ARGUMENTS.items()
            if new.get(prop) is not None
        }
        dimensions: dict[str, str] = new.get("dimensions") or {}
        given["Dimensions"] = [{"Name": key, "Value": dimensions[key]} for key in dimensions]
        given["Tags"] = [{"Key": key, "Value": value} for key, value in aws.all_tags(new).items()]
        aws.client("cloudwatch").put_metric_alarm(AlarmName=id_, **given)

    @staticmethod
    def _find(aws: Aws, name: str) -> dict[str, Any]:
        found = aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        if not found:
            raise GoneError(name)
        return found[0]

    def read(self, aws: Aws, id_: str, old: Props) -> Props:
        live = self._find(aws, id_)
        found: Props = {**self.defaults, "name": id_, "arn": live["AlarmArn"]}
        for prop, argument in _ARGUMENTS.items():
            if live.get(argument) not in (None, "", []):
                found[prop] = live[argument]
        found["dimensions"] = {d["Name"]: d["Value"] for d in live.get("Dimensions", [])}
        return {**found, "region": aws.region}

    def delete(self, aws: Aws, id_: str, props: Props) -> None:
        aws.client("cloudwatch").delete_alarms(AlarmNames=[id_])
