"""`python -m train shapes`, `… photo --data …`, `… cifar10 --data …`: from pictures to a checked model folder.

Of a folder that is there already:
`python -m train calibrate FOLDER --data …` chooses anew its temperature and from when on it doubts a picture, for its card;
`python -m train evaluate FOLDER --data …` measures it anew and writes its `evaluation.json`;
`python -m train measure FOLDER --data …` is for networks from elsewhere: all of that, on pictures they were not trained on;
`python -m train foreign FOLDER --photos …` adds to that how it does on ordinary photos of its classes, and of other things.
"""

import argparse
import dataclasses
import sys
from pathlib import Path

from accelerate import PartialState

from convoscope.card import ModelError, read_card, rewrite_card
from convoscope.evaluation import read_evaluation
from convoscope.network import load
from train import data
from train.checkpoint import ResumeError, WriteError, writing
from train.data import DataError, Source
from train.evaluate import average_logits, evaluate, write_evaluation
from train.fit import DivergedError, fit, taught
from train.folder import CheckError, WorseError, calibrated, install, measure, write_folder
from train.measure import logits_of, results
from train.novelty import with_photos
from train.recipes import GPU_RECIPES, RECIPES, Recipe, of_epochs
from train.start import StartError, going_on, read_start, recipe_of


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    try:
        options.run(options)
    except (DataError, ModelError, StartError, ResumeError, WriteError, DivergedError, CheckError, WorseError) as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _train(options: argparse.Namespace) -> None:
    out: Path = options.out or Path("models") / options.network
    run: Path = options.runs / out.resolve().name
    if run.resolve().is_relative_to(out.resolve()) or out.resolve().is_relative_to(run.resolve()):
        raise WriteError(f"{run}, where a run is kept and cleared, and {out} lie in each other; choose another --out or --runs.")
    start = read_start(options.start) if options.start else None
    if start and options.start.resolve().is_relative_to(run.resolve()):
        raise StartError(f"{options.start} lies in {run}, where this run would write; choose another --out or --runs.")
    recipe = recipe_of(options.network, options.gpu, start)
    source = _source(options, recipe)
    recipe = going_on(recipe, source.classes, start)
    if options.description:
        recipe = dataclasses.replace(recipe, description=options.description)
    if options.epochs:
        recipe = of_epochs(recipe, options.epochs)
    fitted = taught(recipe, source, run, options.resume) if recipe.teacher else fit(recipe, source, run, options.resume, start)
    if PartialState().is_main_process:
        with writing(run):
            folder = write_folder(fitted, recipe, source, run, options.licence)
        with writing(out.parent):
            install(folder, out, options.replace)
        print((out / "card.json").read_text())


def _calibrate(options: argparse.Namespace) -> None:
    source = _source_of(options)
    rewrite_card(options.folder, calibrated(load(options.folder), source.held_out))


def _evaluate(options: argparse.Namespace) -> None:
    source = _source_of(options)
    write_evaluation(options.folder, evaluate(options.folder, source.test, source.test_photos, source.test_name))


def _measure(options: argparse.Namespace) -> None:
    card = read_card(options.folder)
    if card.origin is not None:
        raise DataError(f"{options.folder} was trained here: evaluate measures it, on the pictures that were kept for that.")
    measure(options.folder, data.unseen(options.data, card))
    found = read_card(options.folder).results
    assert found
    print(f"{options.folder}: {found.top1.value:.1%} of {found.pictures:,} pictures right ({found.measured_on}).")


def _foreign(options: argparse.Namespace) -> None:
    network = load(options.folder)
    evaluation = read_evaluation(options.folder, network.card)
    if network.card.novelty is None or evaluation is None or evaluation.noticing is None:
        raise DataError(f"{options.folder} does not doubt any picture, or was not measured: first calibrate, then evaluate.")
    known, known_photos, foreign = data.photos(options.photos, network.card)
    told, labels = f"{Path(options.photos).name}, known", known.labels.numpy()
    found = {
        "noticing": with_photos(evaluation.noticing, network, network.card.novelty, known, foreign),
        "photos": results(logits_of(network, known), labels, told),
    }
    if evaluation.averaged:
        right = results(average_logits(network, known_photos), labels, told)
        found["averaged"] = evaluation.averaged.model_copy(update={"photos": right})
    write_evaluation(options.folder, evaluation.model_copy(update=found))


def _source_of(options: argparse.Namespace) -> Source:
    """The pictures that the network in the folder was trained and tested on. Raises DataError, ModelError."""
    folder: Path = options.folder
    card = read_card(folder)
    recipes = (*RECIPES.values(), *GPU_RECIPES.values())
    recipe = next((recipe for recipe in recipes if recipe.preprocessing == card.preprocessing), None)
    if recipe is None:
        raise DataError(f"{folder} prepares its pictures as no recipe does.")
    source = data.load(options.data, recipe) if options.data else data.draw(options.drawings, recipe)
    if source.classes != card.classes:
        raise DataError(f"{source.name} has other classes than {folder}.")
    return source


def _source(options: argparse.Namespace, recipe: Recipe) -> Source:
    source = data.draw(options.drawings, recipe) if options.network == "shapes" else data.load(options.data, recipe)
    if len(source.train) < 2:
        raise DataError(f"{source.name} has too few pictures to train on: {len(source.train)}.")
    return source


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--out", type=Path, help="model folder to write; default models/<network>")
    common.add_argument("--runs", type=Path, default=Path("runs"), help="where checkpoints are kept")
    common.add_argument("--start", type=Path, help="model folder to begin with, such as models/photo, in place of random weights")
    common.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    common.add_argument("--replace", action="store_true", help="replace the network at --out even if it is better")
    common.add_argument("--epochs", type=_count, help="another number of epochs, all at full size")
    common.add_argument("--description", help="what the classes are, in a few words")
    common.add_argument("--licence", help="what others may do with the weights")
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    commands = parser.add_subparsers(dest="network", required=True)
    shapes = commands.add_parser("shapes", parents=[common], help="drawings made by code")
    shapes.add_argument("--drawings", type=_count, default=20_000, help="how many to train on")
    where = "folder of parquet files, folder of class folders, or a name on the Hub"
    for name, size in (("photo", 64), ("cifar10", 32)):
        pictures = commands.add_parser(name, parents=[common], help=f"photos, reduced to {size} × {size} pixels")
        pictures.add_argument("--data", required=True, help=where)
        pictures.add_argument(
            "--gpu", action="store_true", help="the recipe for one large GPU: a larger network, taught by another"
        )
    parser.set_defaults(run=_train, gpu=False)
    there = argparse.ArgumentParser(add_help=False)
    there.add_argument("folder", type=Path, help="the model folder, such as models/photo")
    pictures_of_it = argparse.ArgumentParser(add_help=False, parents=[there])
    pictures_of_it.add_argument("--data", help=f"{where}; without it, drawings")
    pictures_of_it.add_argument("--drawings", type=_count, default=20_000, help="as in training")
    chosen = commands.add_parser("calibrate", parents=[pictures_of_it], help="choose temperature and limits of a model folder")
    chosen.set_defaults(run=_calibrate)
    evaluated = commands.add_parser("evaluate", parents=[pictures_of_it], help="measure a model folder on its test pictures")
    evaluated.set_defaults(run=_evaluate)
    measured = commands.add_parser("measure", parents=[there], help="measure a network from elsewhere")
    measured.add_argument("--data", required=True, help=f"pictures that it was not trained on: {where}")
    measured.set_defaults(run=_measure)
    foreign = commands.add_parser("foreign", parents=[there], help="measure it on photos of other things")
    foreign.add_argument("--photos", required=True, help="a data set with the splits known and foreign")
    foreign.set_defaults(run=_foreign)
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 up")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
