"""The components that the program in infra/ is made of."""

from .alarm_topic import AlarmTopic, AlarmTopicArgs
from .existing_topic import ExistingTopic, ExistingTopicArgs
from .role import Role, RoleArgs
from .subscriber import Subscriber, SubscriberArgs

__all__ = [
    "AlarmTopic",
    "AlarmTopicArgs",
    "ExistingTopic",
    "ExistingTopicArgs",
    "Role",
    "RoleArgs",
    "Subscriber",
    "SubscriberArgs",
]
