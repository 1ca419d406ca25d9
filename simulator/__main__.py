"""`python -m simulator`"""

from __future__ import annotations

import argparse
import logging
import sys
import time

from simulator.cli import Run, parser, run, settings_of, take_options
from simulator.model import World
from simulator.replay import replay_world
from simulator.scenario import Scenario, ScenarioError, find, load
from simulator.scenario_run import actions, with_contracts
from simulator.tape import cli as tape
from simulator.world.build import build_world, save_state
from simulator.world.portfolio_world import PortfolioWorld


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)
    logging.basicConfig(level=args.log_level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    try:
        scenario = load(find(args.scenario), actions())
        take_options(args, scenario.options)
        if args.record is not None or args.to is not None:
            return _record(args)
        if args.play is not None:
            return _play(args)
        if args.replay is not None:
            return _replay(args)
        return _market(args, scenario)
    except ScenarioError as problem:
        sys.stderr.write(f"simulator: {problem}\n")
        return 2


def _market(args: argparse.Namespace, scenario: Scenario) -> int:
    """Serves the simulated market and plays the scenario. Raises ScenarioError for a contract that it does not have."""
    market = build_world(
        seed=args.seed,
        start=args.start,
        speed=args.speed,
        wall_clock=time.monotonic,
        scenario=scenario.name,
        state_file=args.state,
        fresh=args.fresh or bool(scenario.steps),  # what happens by the clock begins where it was written for
        begin=scenario.start,
    )
    market.accounts = args.accounts
    world: World = PortfolioWorld(market) if args.portfolio == "world" else market
    scenario = with_contracts(scenario, world.instruments())

    def save() -> None:
        if args.state is not None:
            save_state(market, args.state)

    return run(Run(world, settings_of(args), save, not args.no_stdin_watch, scenario))


def _play(args: argparse.Namespace) -> int:
    """Serves a recorded session again."""
    watch, port = not args.no_stdin_watch, args.port or 0
    return tape.play(
        args.host, port, args.control_port, args.play, args.speed, as_paper=args.as_paper, stdin_watch=watch
    )


def _record(args: argparse.Namespace) -> int:
    """2 when it is not said what is recorded."""
    if args.to is None:
        sys.stderr.write("simulator: --record needs --to HOST:PORT of TWS, such as --to 127.0.0.1:7497\n")
        return 2
    port = tape.RECORD_PORT if args.port is None else args.port
    return tape.record(args.host, port, args.to, args.record or tape.default_file())


def _replay(args: argparse.Namespace) -> int:
    """Serves a recorded day; 2 when the file is not one."""
    try:
        world = replay_world(args.replay, args.speed, time.monotonic)
    except (OSError, ValueError) as problem:
        sys.stderr.write(f"simulator: cannot replay {args.replay}: {problem}\n")
        return 2
    return run(Run(world, settings_of(args), lambda: None, stdin_watch=not args.no_stdin_watch))


if __name__ == "__main__":
    sys.exit(main())
