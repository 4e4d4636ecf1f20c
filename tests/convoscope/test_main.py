import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from convoscope import drawings
from convoscope.__main__ import main
from convoscope.card import read_card
from convoscope.network import load
from convoscope.photo import read
from convoscope.prepare import centre_crop, prepare
from convoscope.squares import look_several_times
from tests.convoscope.adoption.test_adopt import GRAPHS, foreign

MODELS = Path(__file__).parent.parent.parent / "models"
SHAPES = MODELS / "shapes"


@pytest.fixture
def star(tmp_path: Path) -> Path:
    file = tmp_path / "star.png"
    Image.fromarray(drawings.draw("star", 128, np.random.default_rng(1))).save(file)
    return file


def card_of(graph: Path, out: Path, *, classes: str = ",".join(drawings.CLASSES), **others: str) -> list[str]:
    arguments = {"classes": classes, "size": "32", "mean": "0.8", "std": "0.22", "out": str(out)} | others
    return ["card", str(graph), *(part for name, value in arguments.items() for part in (f"--{name}", value))]


def test_predict_prints_the_best_five(star, capsys):
    assert main(["predict", str(star), "--model", "shapes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[0].split()[0] == "star"


def test_predict_averages_over_several_squares(star, capsys):
    assert main(["predict", str(star), "--model", "shapes", "--several", "--json"]) == 0
    network, photo = load(SHAPES), read(star.read_bytes())
    expected = look_several_times(network, photo, centre_crop(photo)).average.best
    assert json.loads(capsys.readouterr().out)[0] == pytest.approx(vars(expected))


def test_predict_as_json_is_what_the_engine_says(star, capsys):
    assert main(["predict", str(star), "--model", str(SHAPES), "--json"]) == 0
    best = json.loads(capsys.readouterr().out)[0]
    network, photo = load(SHAPES), read(star.read_bytes())
    expected = network.predict(prepare(photo, centre_crop(photo), network.card.preprocessing)).best
    assert best == {"index": 3, "name": "star", "probability": expected.probability, "logit": expected.logit}


def test_trace_writes_every_named_tensor(star, tmp_path):
    assert main(["trace", str(star), "--model", "shapes", "--out", str(tmp_path / "acts.npz")]) == 0
    network = load(SHAPES)
    with np.load(tmp_path / "acts.npz", allow_pickle=False) as tensors:
        assert set(tensors) == {"input"} | {stage.tensor for stage in network.stages}
        assert all(tensors[stage.tensor].shape == stage.shape for stage in network.stages)
        np.testing.assert_array_equal(tensors["relu1"], tensors["conv1"].clip(0))


def test_card_makes_a_folder_that_the_engine_opens(star, tmp_path, capsys):
    assert main(card_of(SHAPES / "model.onnx", tmp_path / "mine")) == 0
    card = load(tmp_path / "mine").card
    assert card.results is None
    assert card.classes == drawings.CLASSES
    capsys.readouterr()
    assert main(["predict", str(star), "--model", str(tmp_path / "mine")]) == 0
    assert capsys.readouterr().out.startswith("star")


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(drawings.CLASSES) + "\n",
        json.dumps(drawings.CLASSES),
        json.dumps({str(number): name for number, name in reversed([*enumerate(drawings.CLASSES)])}),
    ],
    ids=["lines", "list", "by number"],
)
def test_card_reads_classes_from_a_file(content, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text(content)
    assert main(card_of(SHAPES / "model.onnx", tmp_path / "mine", classes=str(names))) == 0
    assert load(tmp_path / "mine").card.classes == drawings.CLASSES


def test_card_says_what_it_is_told_of_the_network(tmp_path):
    told = {"title": "Drawings", "description": "simple figures", "licence": "MIT"}
    assert main(card_of(SHAPES / "model.onnx", tmp_path / "mine", **told)) == 0
    card = load(tmp_path / "mine").card
    assert {name: getattr(card, name) for name in told} == told


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classes": "a,b"}, "2 names for an output of 7 numbers"),
        ({"std": "0"}, "std"),
        ({"std": "1,1"}, "std has 2 values"),
        ({"mean": "0,0,0,0"}, "--mean has 4 numbers; give three for a network of colours, one for one of grey."),
        ({"size": "64"}, "it takes pictures of 1 × 32 × 32 numbers, and its card prepares 1 × 64 × 64"),
        ({"classes": ",".join(["a"] * 7)}, "the card: classes names a twice"),
        ({"classes": "nowhere.txt"}, "nowhere.txt: No such file or directory, nor are these names"),
        ({"resample": "magic"}, "resample"),
    ],
)
def test_card_that_does_not_fit_is_refused_and_leaves_nothing(changes, words, tmp_path, capsys):
    assert main(card_of(SHAPES / "model.onnx", tmp_path / "mine", **changes)) == 1
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_card_of_grey_pictures_has_no_blue(tmp_path, capsys):
    assert main([*card_of(SHAPES / "model.onnx", tmp_path / "mine"), "--bgr"]) == 1
    assert "--bgr is for a network of colours" in capsys.readouterr().err


def test_card_names_an_operator_that_is_not_supported(tmp_path, capsys):
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 1, 32, 32])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, None)
    graph = helper.make_graph([helper.make_node("Transpose", ["image"], ["out"])], "g", [image], [out])
    onnx.save(helper.make_model(graph), tmp_path / "odd.onnx")
    assert main(card_of(tmp_path / "odd.onnx", tmp_path / "mine")) == 1
    assert "Transpose" in capsys.readouterr().err
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    "nodes",
    [
        [helper.make_node("Gather", ["table", "image"], ["out"], axis=1)],
        [helper.make_node("Pad", ["image"], ["out"])],
        [helper.make_node("Conv", ["image"], ["out"])],
        [helper.make_node("Concat", ["image", "nothing"], ["out"], axis=9)],
    ],
    ids=["no numbers to look up", "no pads", "no kernels", "no such axis"],
)
def test_card_of_a_broken_graph_is_one_sentence(nodes, tmp_path, capsys):
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 1, 32, 32])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, None)
    table = helper.make_tensor("table", TensorProto.FLOAT, [2], [0, 1])
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", [image], [out], [table])), tmp_path / "odd.onnx")
    assert main(card_of(tmp_path / "odd.onnx", tmp_path / "mine")) == 1
    said = capsys.readouterr().err
    assert "odd.onnx cannot be used: " in said
    assert said.count("\n") == 1
    assert not (tmp_path / "mine").exists()


def test_card_writes_a_foreign_graph_anew_and_says_so(tmp_path, capsys):
    steps, last = GRAPHS["flattened"]
    onnx.save(foreign(steps, last), tmp_path / "keras.onnx")
    others = {"size": "8", "mean": "0,0,0", "std": "0.0039,0.0039,0.0039", "classes": "a,b,c,d,e"}
    assert main(card_of(tmp_path / "keras.onnx", tmp_path / "mine", **others)) == 0
    assert "on noise its answers differ by" in capsys.readouterr().out
    assert load(tmp_path / "mine").layers[0].title == "Layer 1"


def test_card_of_a_network_that_takes_blue_first_has_red_first(tmp_path, capsys):
    cifar10 = MODELS / "cifar10"
    kept = read_card(cifar10)
    others = {"size": "32", "mean": "0.1,0.2,0.3", "std": "0.2,0.3,0.4", "classes": ",".join(kept.classes)}
    assert main([*card_of(cifar10 / "model.onnx", tmp_path / "mine", **others), "--bgr"]) == 0
    made = load(tmp_path / "mine")
    assert (made.card.preprocessing.mean, made.card.preprocessing.std) == ((0.3, 0.2, 0.1), (0.4, 0.3, 0.2))
    picture = np.random.default_rng(0).random((1, 3, 32, 32), np.float32)
    np.testing.assert_allclose(made.logits(picture), load(cifar10).logits(picture[:, ::-1].copy()), rtol=1e-4, atol=1e-4)


def test_card_never_replaces_a_folder(tmp_path, capsys):
    assert main(card_of(SHAPES / "model.onnx", tmp_path)) == 1
    assert "already there" in capsys.readouterr().err


def test_bad_input_is_one_sentence(star, tmp_path, capsys):
    (tmp_path / "no.jpg").write_bytes(b"no picture")
    (tmp_path / "no.onnx").write_bytes(b"no graph")
    for arguments, words in [
        (["predict", str(tmp_path / "none.jpg"), "--model", "shapes"], "No such file"),
        (["predict", str(tmp_path / "no.jpg"), "--model", "shapes"], "plain text"),
        (["predict", str(tmp_path / "no.jpg"), "--model", "nothing"], "no model folder nothing"),
        (["trace", str(star), "--model", "shapes", "--out", str(tmp_path / "missing" / "x.npz")], "No such file"),
        (card_of(tmp_path / "no.onnx", tmp_path / "mine"), "cannot be used"),
    ]:
        assert main(arguments) == 1
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1


def test_card_reads_a_file_with_a_byte_order_mark_and_names_one_that_is_no_text(tmp_path, capsys):
    names = tmp_path / "names.txt"
    names.write_bytes("\n".join(drawings.CLASSES).encode("utf-8-sig"))
    assert main(card_of(SHAPES / "model.onnx", tmp_path / "out", classes=str(names))) == 0
    assert load(tmp_path / "out").card.classes == drawings.CLASSES
    names.write_bytes("café".encode("latin-1"))
    assert main(card_of(SHAPES / "model.onnx", tmp_path / "other", classes=str(names))) == 1
    assert capsys.readouterr().err == f"{names} is no text in UTF-8.\n"


def test_card_that_cannot_be_made_is_one_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(card_of(SHAPES / "model.onnx", tmp_path / "file" / "out")) == 1
    assert capsys.readouterr().err.startswith(f"{tmp_path / 'file' / 'out'} cannot be made: ")


@pytest.mark.parametrize(("mean", "words"), [("123,117,104", "divide by 255"), ("0.5,x", "is not numbers with commas between")])
def test_a_mean_that_is_no_mean_is_refused(mean, words, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(card_of(SHAPES / "model.onnx", tmp_path / "mine", mean=mean))
    assert words in capsys.readouterr().err


def test_card_takes_weights_that_lie_in_a_file_beside_the_graph(tmp_path, capsys):
    graph = tmp_path / "apart.onnx"
    onnx.save(onnx.load(SHAPES / "model.onnx"), graph, save_as_external_data=True, location="apart.onnx.data", size_threshold=0)
    assert main(card_of(graph, tmp_path / "mine")) == 0
    batch = np.zeros((1, 1, 32, 32), np.float32)
    np.testing.assert_array_equal(load(tmp_path / "mine").logits(batch), load(SHAPES).logits(batch))
    (tmp_path / "apart.onnx.data").unlink()
    capsys.readouterr()
    assert main(card_of(graph, tmp_path / "other")) == 1
    assert capsys.readouterr().err == f"{graph} cannot be used: the file beside it that holds its weights is missing.\n"
