"""The engine on the command line: `python -m convoscope predict | trace | card`."""

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import ModelProto
from onnx.external_data_helper import uses_external_data
from onnx.shape_inference import InferenceError
from pydantic import ValidationError

from convoscope.adoption.adopt import adopt
from convoscope.card import Card, LayerTitle, ModelError, Preprocessing, write_card
from convoscope.graph.reading import GraphError
from convoscope.layers import layer_names
from convoscope.network import RUNTIME_FAILURES, Network, load
from convoscope.photo import PhotoError, read
from convoscope.places import MODELS
from convoscope.prepare import centre_crop, prepare
from convoscope.squares import look_several_times
from convoscope.words import percent

BEST = 5  # answers that are printed


class UsageError(Exception):
    """Arguments that cannot be acted on; its text says why."""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (UsageError, ModelError, PhotoError) as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _predict(options: argparse.Namespace) -> None:
    network = _network(options.model)
    photo = read(_bytes(options.photo))
    if options.several:
        answers = look_several_times(network, photo, centre_crop(photo)).average.answers[:BEST]
    else:
        answers = network.predict(prepare(photo, centre_crop(photo), network.card.preprocessing)).answers[:BEST]
    if options.json:
        print(json.dumps([asdict(answer) for answer in answers], indent=2))
        return
    width = max(len(answer.name) for answer in answers)
    for answer in answers:
        print(f"{answer.name:<{width}}  {percent(answer.probability):>8}")


def _trace(options: argparse.Namespace) -> None:
    network = _network(options.model)
    photo = read(_bytes(options.photo))
    prepared = prepare(photo, centre_crop(photo), network.card.preprocessing)
    trace = network.trace(prepared)
    tensors = {activation.stage.tensor: activation.values for activation in trace.activations}
    try:
        with options.out.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, input=prepared.tensor[0], **tensors)
    except OSError as failure:
        raise UsageError(f"{options.out}: {failure.strerror}.") from failure
    print(f"{options.out}: the input and {len(tensors)} tensors.")


def _card(options: argparse.Namespace) -> None:
    """Makes a folder of the graph and a card, and opens it with the engine before it is left in place."""
    out: Path = options.out or MODELS / options.graph.stem
    if out.exists():
        raise UsageError(f"{out} is already there; name another folder with --out.")
    graph = _graph(options.graph)
    made = _preprocessing(options)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".") as scratch:
            folder = Path(scratch) / out.name
            folder.mkdir()
            adopted = adopt(graph, made, blue_first=options.bgr)
            (folder / "model.onnx").write_bytes(adopted.model.SerializeToString())
            write_card(folder, _describe(folder, adopted.model, made, options))
            network = load(folder)
            shutil.move(folder, out)
    except (GraphError, *RUNTIME_FAILURES) as failure:
        reason = str(failure).partition("\n")[0].rstrip(".")
        raise UsageError(f"{options.graph} cannot be used: {reason}.") from failure
    except (IndexError, KeyError, StopIteration, ValueError, InferenceError) as failure:
        raise UsageError(f"{options.graph} cannot be used: its graph cannot be read.") from failure
    except ModelError as failure:
        told = str(failure).replace(f"{out.name}/model.onnx", str(options.graph)).replace(f"{out.name}/card.json, ", "")
        raise UsageError(told) from failure
    except OSError as failure:
        raise UsageError(f"{out} cannot be made: {failure.strerror}.") from failure
    print(f"{out}: {len(network.layers)} layers, {network.parameters:,} parameters, {network.multiply_adds:,} multiply-adds.")
    if adopted.difference is not None:
        print(f"It was written anew; on noise its answers differ by {adopted.difference:.1g} of the largest.")


def _preprocessing(options: argparse.Namespace) -> Preprocessing:
    """Of the network as it will be: red first."""
    if len(options.mean) not in (1, 3):
        raise UsageError(f"--mean has {len(options.mean)} numbers; give three for a network of colours, one for one of grey.")
    if options.bgr and len(options.mean) == 1:
        raise UsageError("--bgr is for a network of colours; one number for --mean is for one of grey.")
    turn = -1 if options.bgr else 1
    try:
        return Preprocessing(
            size=options.size,
            channels="RGB" if len(options.mean) == 3 else "grey",
            fit="centre crop",
            resample=options.resample,
            mean=options.mean[::turn],
            std=options.std[::turn],
        )
    except ValidationError as failure:
        raise _refusal(failure) from failure


def _describe(folder: Path, model: ModelProto, made: Preprocessing, options: argparse.Namespace) -> Card:
    try:
        return Card(
            schema_version=1,
            name=folder.name,
            title=options.title or folder.name,
            description=options.description or f"made from {options.graph.name}",
            sha256=hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest(),
            preprocessing=made,
            classes=_classes(options.classes),
            layers=tuple(LayerTitle(name=name, title=f"Layer {number}") for number, name in enumerate(layer_names(model), 1)),
            results=None,
            calibration=None,
            novelty=None,
            origin=None,
            licence=options.licence,
        )
    except ValidationError as failure:
        raise _refusal(failure) from failure


def _refusal(failure: ValidationError) -> UsageError:
    first = failure.errors()[0]
    where, what = ".".join(map(str, first["loc"])) or "the card", first["msg"].removeprefix("Value error, ")
    return UsageError(f"{where}: {what}.")


def _network(name: str) -> Network:
    folder = Path(name) if Path(name).is_dir() else MODELS / name
    if not folder.is_dir():
        raise UsageError(f"There is no model folder {name}, here or in models/.")
    return load(folder)


def _graph(path: Path) -> ModelProto:
    """Of an ONNX file; weights that lie in files beside it are put into it."""
    try:
        model = onnx.load_model_from_string(_bytes(path))
    except DecodeError as failure:
        raise UsageError(f"{path} cannot be used: it is no ONNX file.") from failure
    if not any(uses_external_data(tensor) for tensor in model.graph.initializer):
        return model
    try:
        return onnx.load(path)
    except (OSError, onnx.checker.ValidationError) as failure:
        raise UsageError(f"{path} cannot be used: the file beside it that holds its weights is missing.") from failure


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as failure:
        raise UsageError(f"{path}: {failure.strerror}.") from failure


def _classes(text: str) -> tuple[str, ...]:
    """From a file, or from names with commas between them."""
    try:
        names = _names(Path(text).read_text("utf-8-sig"))
    except UnicodeDecodeError as failure:
        raise UsageError(f"{text} is no text in UTF-8.") from failure
    except OSError as failure:
        if "," not in text:
            raise UsageError(f"{text}: {failure.strerror}, nor are these names with commas between them.") from failure
        names = text.split(",")
    return tuple(name.strip() for name in names if name.strip())


def _names(content: str) -> list[str]:
    """One per line; or in JSON: a list, or names by their numbers."""
    try:
        found = json.loads(content)
        ordered = [found[number] for number in sorted(found, key=int)] if isinstance(found, dict) else found
    except ValueError:
        return content.splitlines()
    return [str(name) for name in ordered] if isinstance(ordered, list) else content.splitlines()


def _numbers(text: str) -> tuple[float, ...]:
    try:
        numbers = tuple(map(float, text.split(",")))
    except ValueError as failure:
        raise argparse.ArgumentTypeError(f"{text} is not numbers with commas between them") from failure
    if max(numbers) > 1:
        raise argparse.ArgumentTypeError(f"{text} is not of pixels scaled to 0-1; divide by 255")
    return numbers


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m convoscope", description="Look at photos with a network.")
    commands = parser.add_subparsers(required=True)
    predict = commands.add_parser("predict", help=f"the best {BEST} answers for a photo")
    trace = commands.add_parser("trace", help="every tensor the network computes for a photo")
    for command, run in ((predict, _predict), (trace, _trace)):
        command.add_argument("photo", type=Path)
        command.add_argument("--model", default="photo", help="a folder, or a name in models/; default photo")
        command.set_defaults(run=run)
    predict.add_argument("--several", action="store_true", help="the average over several squares of the photo")
    predict.add_argument("--json", action="store_true", help="with logits and class numbers")
    trace.add_argument("--out", type=Path, required=True, help="an .npz file to write")
    card = commands.add_parser("card", help="makes a model folder of an ONNX classifier")
    card.add_argument("graph", type=Path, help="an .onnx file")
    card.add_argument("--classes", required=True, help="names with commas between them, or a file: one per line, or JSON")
    card.add_argument("--size", type=int, required=True, help="side of the square input in pixels")
    card.add_argument("--mean", type=_numbers, required=True, help="per channel, of pixels scaled to 0-1: 0.5,0.5,0.5")
    card.add_argument("--std", type=_numbers, required=True, help="per channel, as --mean")
    card.add_argument(
        "--bgr", action="store_true", help="it takes blue first, as with OpenCV or Caffe; --mean and --std in its order"
    )
    card.add_argument("--resample", default="bilinear", help="nearest, box, bilinear, bicubic or lanczos")
    card.add_argument("--title", help="what the network is called in the app; default the name of the folder")
    card.add_argument("--description", help="its classes in a few words: everyday things and animals")
    card.add_argument("--licence", help="of its weights")
    card.add_argument("--out", type=Path, help="folder to make; default models/<name of the file>")
    card.set_defaults(run=_card)
    return parser


if __name__ == "__main__":
    sys.exit(main())
