"""The components that the program in infra/ is made of."""

from .alarm_topic import AlarmTopic, AlarmTopicArgs
from .role import Role, RoleArgs
from .subscriber import Subscriber, SubscriberArgs
from .topic import Topic, TopicArgs

__all__ = [
    "AlarmTopic",
    "AlarmTopicArgs",
    "Role",
    "RoleArgs",
    "Subscriber",
    "SubscriberArgs",
    "Topic",
    "TopicArgs",
]
