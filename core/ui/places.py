"""The pages: where each script lies, how it is called, what one must be allowed to open it."""

from __future__ import annotations

from dataclasses import dataclass

from core.services.access import Action


@dataclass(frozen=True)
class Place:
    """One page: where its script lies, how it is called, and what one must be allowed to open it."""

    group: str
    script: str  # relative to pages/
    url: str
    title: str
    icon: str
    help: str
    action: Action


PLACES = (
    Place("", "home.py", "home", "Home", "home", "What needs you today, for every use case.", Action.SEE),
    Place(
        "Score",
        "score/one.py",
        "score-one",
        "Score one",
        "ads_click",
        "Fill in a form, or paste JSON, and see what the desk says.",
        Action.SCORE_ONE,
    ),
    Place(
        "Score",
        "score/file.py",
        "score-file",
        "Score a file",
        "upload_file",
        "Upload a CSV, Parquet or Excel file and get every row scored.",
        Action.SCORE_FILE,
    ),
    Place(
        "Score",
        "score/why.py",
        "why",
        "Why",
        "contact_support",
        "What helps and what hurts a score, in words that can be repeated.",
        Action.SEE,
    ),
    Place(
        "Watch",
        "watch/performance.py",
        "performance",
        "Performance",
        "monitoring",
        "What really happened, beside what was expected of each model.",
        Action.SEE_MODELS,
    ),
    Place(
        "Watch",
        "watch/drift.py",
        "drift",
        "Drift",
        "waves",
        "What moved since the reference, how sure that is, and how much it matters.",
        Action.SEE_MODELS,
    ),
    Place(
        "Watch",
        "watch/alerts.py",
        "alerts",
        "Alerts",
        "notifications",
        "What fired, who owns it, what to do; the rules behind it and their terms.",
        Action.SEE_MODELS,
    ),
    Place(
        "Watch",
        "watch/service.py",
        "service",
        "Service",
        "monitor_heart",
        "Whether the desk itself is healthy: answers, errors, availability, storage.",
        Action.SEE_SERVICE,
    ),
    Place(
        "Watch",
        "watch/schedule.py",
        "schedule",
        "Schedule",
        "schedule",
        "What the desk does by itself, every run with its result, run it now or set its time.",
        Action.SEE_SERVICE,
    ),
    Place(
        "Compare",
        "compare/challengers.py",
        "challengers",
        "Challengers",
        "compare_arrows",
        "Every model and the rules on the same rows, and the verdict of every plan.",
        Action.SEE_MODELS,
    ),
    Place(
        "Compare",
        "compare/experiments.py",
        "experiments",
        "Experiments",
        "science",
        "Which arm does better with real decisions: tests, canaries, their guardrails.",
        Action.SEE_MODELS,
    ),
    Place(
        "Compare",
        "compare/fairness.py",
        "fairness",
        "Fairness",
        "diversity_3",
        "Whether groups of people get the same decisions, and whether those are right as often.",
        Action.SEE_GROUPS,
    ),
    Place(
        "Compare",
        "compare/drivers.py",
        "drivers",
        "Drivers",
        "tune",
        "Which columns drive the scores, for whom, and whether that has changed.",
        Action.SEE_MODELS,
    ),
    Place(
        "Govern",
        "govern/cases.py",
        "cases",
        "Cases",
        "support_agent",
        "Complaints with their clocks: what the desk found, the cause, the answer.",
        Action.SEE_CASES,
    ),
    Place(
        "Govern",
        "govern/models.py",
        "models",
        "Models",
        "badge",
        "What acts, what waits for an approval, who was champion when, and every model card.",
        Action.SEE_MODELS,
    ),
    Place(
        "Govern",
        "govern/policy.py",
        "policy",
        "Policy",
        "straighten",
        "Where the lines are drawn, who drew them, and what a draft would change.",
        Action.SEE_MODELS,
    ),
    Place(
        "Govern",
        "govern/retraining.py",
        "retraining",
        "Retraining",
        "update",
        "What is due to be rebuilt and why, a search of better parameters, what came of it.",
        Action.SEE_MODELS,
    ),
    Place(
        "Govern",
        "govern/promises.py",
        "promises",
        "Promise against truth",
        "balance",
        "What was promised of each model, what is measured here, what can be reached.",
        Action.SEE_MODELS,
    ),
    Place(
        "Govern",
        "govern/data.py",
        "data",
        "Data",
        "dataset",
        "Fields, features and rules of every use case; make one of your own labelled file.",
        Action.SEE_MODELS,
    ),
    Place(
        "Govern",
        "govern/audit.py",
        "audit",
        "Audit",
        "policy",
        "Who did what, whether the record holds, past scores made again, the compliance report.",
        Action.SEE_AUDIT,
    ),
    Place(
        "Govern",
        "govern/admin.py",
        "admin",
        "Admin",
        "admin_panel_settings",
        "Who may come in, what runs, what is in force, what it takes up.",
        Action.SEE_ADMIN,
    ),
)
