"""`python -m train shapes`, `… photo --data …`, `… cifar10 --data …`: from pictures to a checked model folder.

`python -m train evaluate FOLDER --data …` measures a folder's network anew and writes its `evaluation.json`.
"""

import argparse
import dataclasses
import sys
from pathlib import Path

from accelerate import PartialState

from convoscope.card import ModelError, read_card
from train import data
from train.data import DataError, Source
from train.evaluate import evaluate, write_evaluation
from train.fit import ResumeError, fit
from train.folder import CheckError, WorseError, install, write_folder
from train.recipes import RECIPES, Phase, Recipe


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    return _evaluate(options) if options.network == "evaluate" else _train(options)


def _train(options: argparse.Namespace) -> int:
    out: Path = options.out or Path("models") / options.network
    run: Path = options.runs / out.name
    recipe = RECIPES[options.network]
    if options.description:
        recipe = dataclasses.replace(recipe, description=options.description)
    if options.epochs:
        recipe = dataclasses.replace(recipe, phases=(Phase(options.epochs, recipe.size),))
    try:
        source = _source(options, recipe)
        _check_size(source, recipe)
        fitted = fit(recipe, source, run, options.resume)
        if not PartialState().is_main_process:
            return 0
        folder = write_folder(fitted, recipe, source, run, options.licence)
        install(folder, out, options.replace)
    except (DataError, ResumeError, CheckError, WorseError) as failure:
        print(failure, file=sys.stderr)
        return 1
    print((out / "card.json").read_text())
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    folder: Path = options.folder
    try:
        card = read_card(folder)
        recipe = next((recipe for recipe in RECIPES.values() if recipe.preprocessing == card.preprocessing), None)
        if recipe is None:
            raise DataError(f"{folder} prepares its pictures as no recipe does.")
        source = data.load(options.data, recipe) if options.data else data.draw(options.drawings, recipe)
        if source.classes != card.classes:
            raise DataError(f"{source.name} has other classes than {folder}.")
    except (DataError, ModelError) as failure:
        print(failure, file=sys.stderr)
        return 1
    write_evaluation(folder, evaluate(folder, source.test, source.test_name))
    return 0


def _source(options: argparse.Namespace, recipe: Recipe) -> Source:
    if options.network == "shapes":
        return data.draw(options.drawings, recipe)
    return data.load(options.data, recipe)


def _check_size(source: Source, recipe: Recipe) -> None:
    if len(source.train) < 2:
        raise DataError(f"{source.name} has too few pictures to train on: {len(source.train)}.")


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--out", type=Path, help="model folder to write; default models/<network>")
    common.add_argument("--runs", type=Path, default=Path("runs"), help="where checkpoints are kept")
    common.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    common.add_argument("--replace", action="store_true", help="replace the network at --out even if it is better")
    common.add_argument("--epochs", type=_count, help="another number of epochs, all at full size")
    common.add_argument("--description", help="what the classes are, in a few words")
    common.add_argument("--licence", help="what others may do with the weights")
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    networks = parser.add_subparsers(dest="network", required=True)
    shapes = networks.add_parser("shapes", parents=[common], help="drawings made by code")
    shapes.add_argument("--drawings", type=_count, default=20_000, help="how many to train on")
    where = "folder of parquet files, folder of class folders, or a name on the Hub"
    for name, size in (("photo", 64), ("cifar10", 32)):
        pictures = networks.add_parser(name, parents=[common], help=f"photos, reduced to {size} × {size} pixels")
        pictures.add_argument("--data", required=True, help=where)
    evaluated = networks.add_parser("evaluate", help="measure a model folder on its test pictures")
    evaluated.add_argument("folder", type=Path, help="the model folder, such as models/photo")
    evaluated.add_argument("--data", help=f"{where}; without it, drawings")
    evaluated.add_argument("--drawings", type=_count, default=20_000, help="as in training")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 up")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
