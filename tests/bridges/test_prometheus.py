"""Prometheus's own parser, and promtool where it is installed, read what the bridge writes."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_plain

from core.bridges.prometheus import exposition
from core.domain.exposition import HISTOGRAM, Family, Sample, counter, cumulative, gauge, info

FAMILIES = [
    counter("ringside_requests", "Requests.", ["face", "operation"], {("api", 'a "quoted"\nname'): 3.0}),
    gauge("ringside_disk_free_bytes", "Bytes that are free.", [], {(): 1e9}),
    info("ringside_build", "The version.", ["version"], [("0.6.0",)]),
    Family(
        "ringside_request_duration_seconds",
        "Seconds.",
        HISTOGRAM,
        ("face",),
        [Sample(("api",), 0.5, cumulative({5: 2, 146: 1}))],
    ),
]


@pytest.mark.parametrize(
    ("accept", "read"),
    [
        ("", read_plain),
        ("text/plain;version=0.0.4", read_plain),
        ("application/openmetrics-text;version=1.0.0", read_openmetrics),
    ],
)
def test_a_parser_reads_the_same_values(accept: str, read: object) -> None:
    text, content_type = exposition(FAMILIES, accept)
    assert content_type.startswith("application/openmetrics-text" if "openmetrics" in accept else "text/plain")
    found = {sample.name: sample for family in read(text.decode()) for sample in family.samples}  # type: ignore[operator]
    assert found["ringside_requests_total"].value == 3
    assert found["ringside_requests_total"].labels["operation"] == 'a "quoted"\nname'
    assert found["ringside_disk_free_bytes"].value == 1e9
    assert found["ringside_build_info"].labels == {"version": "0.6.0"}
    assert found["ringside_request_duration_seconds_count"].value == 3
    assert found["ringside_request_duration_seconds_sum"].value == 0.5
    assert found["process_resident_memory_bytes"].value > 1e6


def test_promtool_has_nothing_to_say() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    text, _ = exposition(FAMILIES)
    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
