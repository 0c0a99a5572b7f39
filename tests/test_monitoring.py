"""Alert rules and dashboard ask for metrics that the desk tells, in words that Prometheus understands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.config import Settings
from core.domain.exposition import COUNTER, HISTOGRAM, INFO, Family
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import open_desk
from core.services.metrics import metrics
from core.web.http_counts import HttpCounts

ROOT = Path(__file__).resolve().parent.parent
PROMETHEUS = ROOT / "docs" / "prometheus"
DASHBOARD = json.loads((ROOT / "docs" / "grafana" / "ringside.json").read_text())
RULES = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"][0]["rules"]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
ASKED = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
ASKED += [(rule["alert"], rule["expr"]) for rule in RULES]
ADDED = {"job", "instance", "le"}  # by Prometheus, and by a histogram
OTHERS = {"up", "process_resident_memory_bytes", "process_cpu_seconds_total"}  # Prometheus's own


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Family]]:
    """Everything that a desk tells."""
    desk = open_desk(Settings(home=tmp_path_factory.mktemp("home")))
    desk.log  # noqa: B018
    yield [*metrics(desk, LOCAL_PEOPLE[Role.AUDITOR]), *HttpCounts().families()]
    desk.close()


@pytest.fixture(scope="module")
def told(families: list[Family]) -> dict[str, set[str]]:
    """Name of every series that a desk tells -> its labels."""
    return {name: set(family.labels) for family in families for name in names(family)}


def names(family: Family) -> list[str]:
    ends = {COUNTER: ["_total"], INFO: ["_info"], HISTOGRAM: ["_bucket", "_count", "_sum"]}
    return [f"{family.name}{end}" for end in ends.get(family.kind, [""])]


@pytest.mark.parametrize(("title", "expr"), ASKED, ids=[title for title, _ in ASKED])
def test_every_query_asks_for_what_the_desk_tells(title: str, expr: str, told: dict[str, set[str]]) -> None:
    named = set(re.findall(r"\b(?:ringside_|process_|up\b)[a-z0-9_]*", re.sub(r'"[^"]*"', '""', expr)))
    assert named and named <= told.keys() | OTHERS
    for name, matched in re.findall(r"\b(ringside_[a-z0-9_]+)\{([^}]*)\}", expr):
        labels = set(re.findall(r"([a-z_]+)\s*(?:=~|!=|!~|=)", matched))
        assert labels <= told[name] | ADDED, f"{title}: {name} has no label {labels - told[name] - ADDED}"
    for listed in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", expr):
        known = set().union(*(told.get(name, set()) for name in named)) | ADDED
        assert {label.strip() for label in listed.split(",")} <= known


def test_every_metric_is_documented(families: list[Family]) -> None:
    rows = [
        f"| `{names(family)[0].removesuffix('_bucket')}` | {family.kind} | {', '.join(family.labels)} | {family.help} |"
        for family in families
    ]
    table = "\n".join(["| metric | kind | labels | meaning |", "|---|---|---|---|", *rows])
    assert table in (PROMETHEUS / "metrics.md").read_text(), f"docs/prometheus/metrics.md should have:\n{table}"


def test_names_and_helps_follow_the_conventions(told: dict[str, set[str]]) -> None:
    for name in told:
        assert name.startswith("ringside_") and not re.search(r"_(ms|mb|kb|percent|minutes|hours)(_|$)", name)


def test_every_rule_leads_to_its_runbook() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", line[4:].lower()).replace(" ", "-")
        for line in text.splitlines()
        if line.startswith("### ")
    }
    for rule in RULES:
        document, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert document == "docs/operations.md" and anchor in anchors, rule["alert"]
        assert rule["labels"]["severity"] in ("warning", "critical") and rule["annotations"]["summary"]


def test_panels_have_titles_of_their_own_and_say_what_they_show() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)
    assert all(panel["description"] for panel in PANELS)
    assert all(target["datasource"]["uid"] == "${datasource}" for panel in PANELS for target in panel["targets"])


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    return found


def run(promtool: str, *arguments: str) -> str:
    done = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_promtool_takes_rules_and_configuration(promtool: str, tmp_path: Path) -> None:
    for name in ("alerts.yml", "prometheus.yml"):
        shutil.copy(PROMETHEUS / name, tmp_path / name)
    (tmp_path / "metrics_token").write_text("rs_abc")
    assert f"{len(RULES)} rules found" in run(promtool, "check", "rules", str(tmp_path / "alerts.yml"))
    run(promtool, "check", "config", str(tmp_path / "prometheus.yml"))


def test_prometheus_understands_every_panel(promtool: str, tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expr.replace("$__rate_interval", "5m").replace("$instance", ".*")}
        for number, (_, expr) in enumerate(ASKED)
    ]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    run(promtool, "check", "rules", str(tmp_path / "panels.yml"))


def series(name: str, labels: str, values: str) -> dict[str, str]:
    return {"series": f'{name}{{job="ringside", instance="desk:8501"{labels}}}', "values": values}


# What happens -> the rule that fires ten minutes on; the first one is a desk in good order.
LIVES: dict[str, list[dict[str, str]]] = {
    "": [
        series("up", "", "1x40"),
        series("ringside_requests_total", ', face="api", operation="single score", outcome="answered"', "0+600x40"),
        series("ringside_requests_total", ', face="api", operation="single score", outcome="error"', "0+1x40"),
        series("ringside_ledger_events_total", "", "100+1x40"),
        series("ringside_stand_in", ', use_case="leads"', "0x40"),
        series("ringside_jobs", ', lane="files", state="queued"', "2x40"),
        series("ringside_jobs", ', lane="files", state="running"', "1x40"),
        series("ringside_disk_free_bytes", "", "9e10x40"),
    ],
    "RingsideDown": [series("up", "", "0x40")],
    "RingsideRequestsFail": [
        series("ringside_requests_total", ', face="api", operation="single score", outcome="answered"', "0+60x40"),
        series("ringside_requests_total", ', face="api", operation="single score", outcome="error"', "0+6x40"),
    ],
    "RingsideSlow": [
        series("ringside_request_duration_seconds_bucket", ', operation="single score", le="0.1"', "0+1x40"),
        series("ringside_request_duration_seconds_bucket", ', operation="single score", le="0.5"', "0+9x40"),
        series("ringside_request_duration_seconds_bucket", ', operation="single score", le="+Inf"', "0+9x40"),
        series("ringside_request_duration_seconds_count", ', operation="single score"', "0+9x40"),
    ],
    "RingsideQueueStuck": [
        series("ringside_jobs", ', lane="files", state="queued"', "2x40"),
        series("ringside_jobs", ', lane="files", state="running"', "0x40"),
    ],
    "RingsideNoBackup": [
        series("ringside_backup_present", "", "0x400"),
        series("ringside_log_rows", ', use_case="leads"', "5x400"),
    ],
    "RingsideChainShorter": [series("ringside_ledger_events_total", "", "500x25 300x15")],
    "RingsideAlertOpen": [
        series("ringside_alerts_open", ', rule="backup_age", severity="critical", subject="desk"', "1x40"),
    ],
    "RingsideScoreDrift": [series("ringside_drift_score_psi", ', use_case="leads", version="v1"', "0.3x40")],
    "RingsideDrillFailed": [series("ringside_drill_ok", "", "1x10 0x30")],
    "RingsideSignInRefused": [
        series(
            "ringside_http_request_duration_seconds_count", ', method="POST", route="sign-in", status="4xx"', "0+5x40"
        ),
    ],
    "RingsideDiskFull": [series("ringside_disk_free_bytes", "", "1e9x40")],
}


@pytest.mark.parametrize("fires", LIVES, ids=lambda name: name or "nothing")
def test_rules_fire_when_they_should(fires: str, promtool: str, tmp_path: Path) -> None:
    at = "260m" if fires == "RingsideNoBackup" else "31m"
    checks: list[dict[str, Any]] = [
        {"alertname": rule["alert"], "eval_time": at, "exp_alerts": []} for rule in RULES if rule["alert"] != fires
    ]
    case = {"interval": "1m", "input_series": LIVES[fires], "alert_rule_test": checks}
    if fires:
        count = {"expr": f'count(ALERTS{{alertname="{fires}", alertstate="firing"}})', "eval_time": at}
        case["promql_expr_test"] = [count | {"exp_samples": [{"labels": "{}", "value": 1}]}]
    content = {"rule_files": [str(PROMETHEUS / "alerts.yml")], "evaluation_interval": "1m", "tests": [case]}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(content))
    run(promtool, "test", "rules", str(tmp_path / "test.yml"))
