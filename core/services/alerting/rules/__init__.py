"""The rules of the watch, one file each, found by its `RULE`; `core.services.alerting.rule` says what a rule is."""
