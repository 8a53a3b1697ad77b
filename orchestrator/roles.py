"""The command line of the long-lived processes: serve, worker and pool, each with its own help."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence

from orchestrator.settings import OrchestratorSettings
from services.artifacts.connect import StoreSettings
from services.chassis.settings import CommonSettings
from services.chassis.usage import Parser

POOLS = ("t2v", "i2v", "ti2v")
"""The pools whose models are known here; others are named by the first part of their model's name."""

DESCRIPTION = """\
serve   JobService and ArtifactService; without a cluster also all behind them.
worker  Works on the jobs of a Temporal cluster, and calls the stages.
pool    Generates footage for that cluster, one clip at a time, beside a device.

`python -m orchestrator ROLE --help` tells what each reads and needs. All run until SIGTERM.
"""

SERVE = """\
JobService, ArtifactService and, for its voices, TtsService for others, at
STORYREEL_ORCHESTRATOR_ADDRESS; `storyreel` finds them there by STORYREEL_ADDRESS.

Without STORYREEL_TEMPORAL_ADDRESS it also runs the engine, the services, a worker and
the pools of STORYREEL_ORCHESTRATOR_POOLS; `python -m services.parsing --help`, and so on,
lists what these read. With it `serve` only takes jobs in and passes on what voices are
asked for, to STORYREEL_ORCHESTRATOR_TTS; a `worker` does the work.

example:
  STORYREEL_ORCHESTRATOR_ADDRESS=127.0.0.1:50050 python -m orchestrator serve
"""

WORKER = """\
Works on the jobs of the cluster that STORYREEL_TEMPORAL_ADDRESS names
(default: 127.0.0.1:7233), from its queue storyreel-jobs, and calls the stages at
STORYREEL_ORCHESTRATOR_PARSING, _SCRIPT, _TTS, _CARDS and _MUXING. The stages and the
worker share a store, such as STORYREEL_STORE=s3.
Answers health checks (gRPC) at STORYREEL_ORCHESTRATOR_HEALTH_ADDRESS when that is set.

example:
  STORYREEL_TEMPORAL_ADDRESS=temporal:7233 python -m orchestrator worker
"""

POOL = """\
Generates footage for the cluster that STORYREEL_TEMPORAL_ADDRESS names
(default: 127.0.0.1:7233): one clip at a time, with the generation service beside it.

NAME is the pool: what that service has a model for, and the queues that are polled:
  t2v   clips from a text, t2v-A14B                   storyreel-gpu-t2v, storyreel-gpu-t2v-plan
  i2v   clips from an image, i2v-A14B                 storyreel-gpu-i2v, storyreel-gpu-i2v-plan
  ti2v  clips from an image, a text or both, ti2v-5B  storyreel-gpu-ti2v, storyreel-gpu-ti2v-plan
While a clip of one queue is made, the others are left to other pools; plans are answered.

Beside it, at STORYREEL_ORCHESTRATOR_GENERATION, runs `python -m services.generation` with
  STORYREEL_GENERATION_DEVICE=cuda  and the models: `storyreel models fetch ti2v-5B`; or
  STORYREEL_GENERATION_VIDEOS_URL   of a video server,
and the store that all services share. Where jobs are handed in (`serve`),
STORYREEL_ORCHESTRATOR_POOLS names the same pools: scenes of others are cards. For a video server
STORYREEL_ORCHESTRATOR_FOOTAGE_BACKEND is openai_videos there.

example:
  STORYREEL_TEMPORAL_ADDRESS=temporal:7233 python -m orchestrator pool t2v ti2v
"""

_KINDS = (OrchestratorSettings, StoreSettings, CommonSettings)
_STAGES = ("parsing", "script", "tts", "cards", "muxing")
_ENGINE = ("health_address", "reflection", "debug", "temporal_address", "temporal_namespace")
_OF_POOL = (*_ENGINE, "generation", "pool_grace_seconds", "log")


def parse(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse a command line: `role`, and of a pool its `pools`; --help ends the process with 0."""
    parser = Parser("python -m orchestrator", DESCRIPTION)
    roles = parser.add_subparsers(dest="role", metavar="ROLE", parser_class=Parser, help="what is to run")
    roles.add_parser("serve", description=SERVE, kinds=_KINDS)
    store = tuple(StoreSettings.model_fields)
    roles.add_parser(
        "worker", description=WORKER, kinds=_KINDS, only=(*_ENGINE, *_STAGES, *store, "calls_at_once", "log")
    )
    pool = roles.add_parser("pool", description=POOL, kinds=_KINDS, only=_OF_POOL)
    pool.add_argument("pools", nargs="*", metavar="NAME", type=_pool, help=", ".join(POOLS))
    options = parser.parse_args(given)
    if options.role is None:
        parser.error(f"name what is to run: {', '.join(roles.choices)}")
    if options.role == "pool" and not options.pools:
        pool.error(f"name the pools to work for: {', '.join(POOLS)}")
    return options


def _pool(text: str) -> str:
    if not re.fullmatch("[a-z0-9][a-z0-9_]{0,31}", text):
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is not the name of a pool, which has lower-case letters and digits, such as t2v"
        )
    return text
