"""Pulumi.yaml and Pulumi.<stack>.yaml, read as Pulumi's own command reads them."""

from pathlib import Path

import pytest

from mqscaffold.errors import UserError
from mqscaffold.sandbox.stack_config import PLACEHOLDER, load

PROJECT = """
name: shop
runtime: {name: python}
config:
  size: {type: integer, default: 3}
  owner: {type: string}
  on: {type: boolean, default: true}
  zones: {type: array, default: [a, b]}
  pulumi:tags: {value: {a: b}}
"""


def write(folder: Path, project: str = PROJECT, dev: str = "config: {shop:owner: me}") -> Path:
    (folder / "Pulumi.yaml").write_text(project, encoding="utf-8")
    (folder / "Pulumi.dev.yaml").write_text(dev, encoding="utf-8")
    return folder


def test_defaults_types_and_namespaces(tmp_path: Path) -> None:
    dev = "config:\n  aws:region: eu-west-1\n  owner: me\n  shop:size: 7\n  shop:deep: {a: [1]}\n"
    config = load(write(tmp_path, dev=dev), "dev")
    assert (config.project, config.stack) == ("shop", "dev")
    assert config.values == {
        "aws:region": "eu-west-1",
        "shop:owner": "me",
        "shop:size": "7",
        "shop:deep": '{"a": [1]}',
        "shop:on": "true",
        "shop:zones": '["a", "b"]',
        "pulumi:tags": '{"a": "b"}',
    }


def test_overrides_go_first(tmp_path: Path) -> None:
    config = load(write(tmp_path), "dev", {"shop:size": "9", "shop:owner": "you"})
    assert (config.values["shop:size"], config.values["shop:owner"]) == ("9", "you")


def test_a_secret_becomes_a_placeholder(tmp_path: Path) -> None:
    config = load(write(tmp_path, dev="config:\n  shop:owner: {secure: AAAB}\n"), "dev")
    assert config.values["shop:owner"] == PLACEHOLDER
    assert config.secret_keys == {"shop:owner"}
    assert config.placeholders == ("shop:owner",)


def test_a_stack_without_a_file_has_the_defaults(tmp_path: Path) -> None:
    write(tmp_path, project="name: shop\nruntime: python\nconfig: {size: 3}\n")
    assert load(tmp_path, "other").values == {"shop:size": "3"}


@pytest.mark.parametrize(
    ("project", "dev", "message"),
    [
        (PROJECT, "config: {}", "missing the configuration value shop:owner"),
        (PROJECT, "config: {shop:owner: me, shop:size: big}", "must be of type 'integer'"),
        (PROJECT, "config: {shop:owner: me, shop:on: 1}", "must be of type 'boolean'"),
        (PROJECT, "config: {shop:owner: me, shop:zones: a}", "must be of type 'array'"),
        (PROJECT, "config: [", "not valid YAML"),
        (PROJECT, "config: 3", "must hold a mapping"),
        ("runtime: python", "", "has no name"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, project: str, dev: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        load(write(tmp_path, project, dev), "dev")
    assert caught.value.where


def test_a_folder_that_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no Pulumi\.yaml"):
        load(tmp_path, "dev")
