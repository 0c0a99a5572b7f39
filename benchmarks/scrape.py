"""A scrape of /metrics, as Prometheus asks for it, on the home that RINGSIDE_HOME names: the first, and the next ones.

python -m benchmarks.scrape
"""

from __future__ import annotations

import json
import statistics
import time

SCRAPES = 200


def main() -> dict[str, float]:
    """Milliseconds of reading the figures and writing them as text, in a desk whose models are loaded."""
    from core.bridges.prometheus import exposition
    from core.services.access import LOCAL_PEOPLE, Role
    from core.services.desk import open_desk
    from core.services.metrics import metrics

    desk, actor, took = open_desk(), LOCAL_PEOPLE[Role.AUDITOR], []
    n_rows = sum(desk.log.counts(use_case).total for use_case in desk.use_cases().values())
    desk.warm()
    for _ in range(SCRAPES):
        began = time.perf_counter()
        exposition(metrics(desk, actor))
        took.append((time.perf_counter() - began) * 1_000)
    desk.close()
    later = statistics.quantiles(took[1:], n=100)
    return {"rows": n_rows, "first_ms": took[0], "p50_ms": later[49], "p99_ms": later[98]}


if __name__ == "__main__":
    print(json.dumps(main()))
