"""The engine, by itself: real programs in a process of their own, a provider in memory."""

import re
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from mqscaffold.sandbox.deployment import Deployment, DeploymentError
from mqscaffold.sandbox.engine import StackSettings, run
from mqscaffold.sandbox.process import clean_environment
from mqscaffold.sandbox.wire import UNKNOWN, Secret
from tests.sandbox.fake_provider import FakeProvider

PRELUDE = """
import pulumi

class Thing(pulumi.CustomResource):
    shout: pulumi.Output[str]
    size: pulumi.Output[int]
    def __init__(self, name, say=None, opts=None, **props):
        known = {"say": say, "shout": None, "size": None, **props}
        super().__init__("test:index:Thing", name, known, opts)

class Box(pulumi.ComponentResource):
    def __init__(self, name, say, opts=None):
        super().__init__("my:box:Box", name, None, opts)
        inner = Thing(name, say, opts=pulumi.ResourceOptions(parent=self))
        self.shout = inner.shout
        self.register_outputs({"shout": inner.shout})
"""


class Runner:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls: list[tuple[str, Any]] = []

    def __call__(
        self, program: str, *, preview: bool = False, timeout: float = 60, **settings: Any
    ) -> Deployment:
        path = self.folder / "__main__.py"
        path.write_text(PRELUDE + textwrap.dedent(program), encoding="utf-8")
        return run(
            path,
            settings=StackSettings("shop", **settings),
            providers={"test": lambda: FakeProvider(self.calls)},
            preview=preview,
            python=sys.executable,
            env=clean_environment(),
            timeout=timeout,
        )

    def failing(self, program: str, **settings: Any) -> DeploymentError:
        with pytest.raises(DeploymentError) as caught:
            self(program, **settings)
        return caught.value


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


TWO = """
first = Thing("first", "hello")
second = Thing("second", first.shout)
first.shout.apply(lambda text: pulumi.log.info(f"applied {text}"))
pulumi.export("shout", second.shout)
pulumi.export("size", first.size)
"""


def test_an_update_creates_in_order_and_fills_in_defaults(runner: Runner) -> None:
    done = runner(TWO)
    first, second = (done.find("test:index:Thing", name) for name in ("first", "second"))
    assert first is not None
    assert second is not None
    assert second.inputs == {"say": "HELLO", "size": 3, "name": "second-auto"}
    assert second.dependencies == (first.urn,)
    assert second.property_dependencies["say"] == (first.urn,)
    assert second.provider.endswith("::pulumi:providers:test::default")
    assert done.outputs == {"shout": "HELLO", "size": 3}
    assert type(done.outputs["size"]) is int
    assert [resource.name for resource in done.managed] == ["first", "second"]
    assert "applied HELLO" in [log.text for log in done.logs]


def test_a_preview_knows_names_and_defaults_but_not_what_is_made_later(runner: Runner) -> None:
    planned = runner(TWO, preview=True)
    second = planned.find("test:index:Thing", "second")
    assert second is not None
    assert (second.id, second.inputs["say"], second.inputs["name"]) == ("", UNKNOWN, "second-auto")
    assert planned.outputs == {"shout": UNKNOWN, "size": 3}
    assert "create" not in dict(runner.calls)
    assert not [log for log in planned.logs if log.text.startswith("applied")]


def test_secrets_stay_secret_in_state_outputs_and_logs(runner: Runner) -> None:
    done = runner(
        """
        token = pulumi.Config().require_secret("token")
        Thing("thing", token)
        Thing("loud", "hello", opts=pulumi.ResourceOptions(additional_secret_outputs=["shout"]))
        token.apply(lambda value: pulumi.log.warn(f"the token is {value}"))
        token.apply(lambda value: print("printed", value))
        pulumi.export("same", token)
        pulumi.export("open", "nothing to hide")
        """,
        config={"shop:token": "s3cr3t-token"},
        secret_keys=frozenset(["shop:token"]),
    )
    thing, loud = (done.find("test:index:Thing", name) for name in ("thing", "loud"))
    assert thing is not None
    assert loud is not None
    assert thing.inputs["say"] == thing.outputs["say"] == Secret("s3cr3t-token")
    assert loud.outputs["shout"] == Secret("HELLO")
    assert done.secret_outputs == {"same"}
    assert done.plain_outputs()["same"] == "s3cr3t-token"
    # The provider itself is handed plain values, and nothing that can be shown holds them.
    assert ("create", {"say": "s3cr3t-token", "size": 3, "name": "thing-auto"}) in runner.calls
    assert "the token is [secret]" in [log.text for log in done.logs]
    assert "printed [secret]" in [log.text for log in done.logs]
    assert "s3cr3t-token" not in repr(done.outputs) + repr(done.logs) + repr(thing)


def test_components_nest_in_urns_and_have_outputs(runner: Runner) -> None:
    done = runner('pulumi.export("shout", Box("box", "hi").shout)')
    inner = "urn:pulumi:dev::shop::my:box:Box$test:index:Thing::box"
    assert inner in done.resources
    box = done.resources["urn:pulumi:dev::shop::my:box:Box::box"]
    assert (box.custom, box.outputs) == (False, {"shout": "HI"})
    assert done.resources[inner].parent == box.urn
    assert done.outputs == {"shout": "HI"}


def test_a_failed_check_is_one_line_and_keeps_what_was_made(runner: Runner) -> None:
    failed = runner.failing(
        """
        first = Thing("first", "hello")
        Thing("second", "bad", opts=pulumi.ResourceOptions(depends_on=[first]))
        """
    )
    assert failed.errors == (
        "test:index:Thing resource 'second': property say value {\"bad\"} has a problem: "
        "that is a bad word",
    )
    assert [resource.name for resource in failed.partial.managed] == ["first"]


def test_a_failed_create_is_one_line(runner: Runner) -> None:
    failed = runner.failing('Thing("only", "boom")')
    assert failed.errors == ("test:index:Thing resource 'only': no room for it",)


def test_a_duplicate_urn_is_refused(runner: Runner) -> None:
    failed = runner.failing('Thing("twin", "a"); Thing("twin", "b")')
    assert failed.errors == (
        "test:index:Thing resource 'twin': Duplicate resource URN "
        "'urn:pulumi:dev::shop::test:index:Thing::twin'; try giving it a unique name",
    )


def test_a_package_without_a_provider_is_named(runner: Runner) -> None:
    failed = runner.failing('pulumi.CustomResource("other:index:Thing", "x", {})')
    assert failed.errors == (
        "other:index:Thing resource 'x': no provider for package 'other' here; there is: test",
    )


def test_reading_what_exists_and_what_does_not(runner: Runner) -> None:
    get = 'Thing("{0}", opts=pulumi.ResourceOptions(id="{0}"))'
    done = runner(f'pulumi.export("shout", {get.format("old")}.shout)')
    assert done.outputs == {"shout": "HELLO"}
    assert done.managed == ()
    failed = runner.failing(get.format("new"))
    assert failed.errors == ("test:index:Thing resource 'new': resource 'new' does not exist",)


def test_functions_and_providers_with_their_own_configuration(runner: Runner) -> None:
    done = runner(
        """
        class Provider(pulumi.ProviderResource):
            def __init__(self, name, **props):
                super().__init__("test", name, props)
        west = Provider("west", region="west")
        def echo(opts=None):
            return pulumi.runtime.invoke("test:index:echo", {"x": 1}, opts).value["region"]
        pulumi.export("default", echo())
        pulumi.export("west", pulumi.runtime.invoke_output(
            "test:index:echo", {"x": 1}, pulumi.InvokeOptions(provider=west))["region"])
        Thing("there", "hi", opts=pulumi.ResourceOptions(provider=west))
        """,
        config={"test:region": "east", "shop:region": "none"},
    )
    assert done.outputs == {"default": "east", "west": "west"}
    there = done.find("test:index:Thing", "there")
    assert there is not None
    assert there.provider.split("::")[-2] == "west"


def test_a_stack_reference_gives_what_it_was_told(runner: Runner) -> None:
    program = """
    other = pulumi.StackReference("org/other/dev")
    pulumi.export("arn", other.require_output("ARN"))
    """
    done = runner(program, references={"org/other/dev": {"ARN": "arn:x"}})
    assert done.outputs == {"arn": "arn:x"}
    failed = runner.failing(program)
    assert failed.errors[0].endswith("unknown stack 'org/other/dev'")


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("1 / 0", r"__main__.py:\d+: ZeroDivisionError: division by zero"),
        ("def broken(:", r"__main__.py:\d+: SyntaxError: .*"),
        ('pulumi.Config().require("size")', r".*shop:size.*"),
        ("raise SystemExit(3)", r"__main__.py:\d+: SystemExit: 3"),
    ],
)
def test_an_error_in_the_program_names_its_line(runner: Runner, program: str, reason: str) -> None:
    failed = runner.failing(program)
    assert len(failed.errors) == 1

    assert re.fullmatch(reason, failed.errors[0], re.DOTALL), failed.errors


def test_a_program_that_hangs_is_ended(runner: Runner) -> None:
    failed = runner.failing("import time; time.sleep(60)", timeout=3)
    assert failed.errors == ("the program did not end within 3 s",)
