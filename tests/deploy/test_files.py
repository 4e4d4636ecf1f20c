"""The files of `deploy/` against each other and against what they deploy."""

import re
import tomllib
from pathlib import Path

import pytest

from bench.site import DEPLOY, ROOT

TEMPLATE = (DEPLOY / "nginx.conf.template").read_text()


@pytest.mark.parametrize("file", ["compose.yaml", "kubernetes.yaml"])
def test_everything_that_the_template_asks_for_is_given(file: str):
    asked = set(re.findall(r"\$\{(\w+)\}", TEMPLATE))
    assert asked == set(re.findall(r"\bCONVOSCOPE_\w+", (DEPLOY / file).read_text()))


def test_the_proxy_lets_through_what_the_app_takes():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    limit = max(int(size) for size in re.findall(r"client_max_body_size (\d+)k", TEMPLATE))
    assert 0 < limit - 1024 * config["server"]["maxUploadSize"] < 100
    assert f"larger than {config['server']['maxUploadSize']} MB" in TEMPLATE


def test_the_image_holds_the_app_and_nothing_else():
    copied = set(re.findall(r"^COPY (?!--)(\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE))
    sent = set(re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    assert copied == sent
    assert all(Path(ROOT / name).exists() for name in copied)
    assert not copied & {"train", "tests", "bench", "docs"}


def test_both_run_the_same_proxy():
    images = [re.search(r"image: (nginx:\S+)", (DEPLOY / file).read_text())[1] for file in ("compose.yaml", "kubernetes.yaml")]
    assert images[0] == images[1]
