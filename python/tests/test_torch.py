"""Models of PyTorch, from the module to the choice and back."""

from __future__ import annotations

import copy
import itertools
import json
import warnings

import numpy as np
import pytest

import neartop

torch = pytest.importorskip("torch")
nn = torch.nn
F = torch.nn.functional

FEW = {"activations": ["relu", "gelu"], "inits": ["orthogonal", "kaiming_normal"], "repetitions": 2, "study": False}


class Net(nn.Module):
    """An activation as a module and one as a function, dropout and batch norm."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(20, 32)
        self.norm = nn.BatchNorm1d(32)
        self.act = nn.ReLU()
        self.second = nn.Linear(32, 32)
        self.drop = nn.Dropout(0.2)
        self.last = nn.Linear(32, 3)

    def forward(self, x):
        x = self.act(self.norm(self.first(x)))
        x = self.drop(F.relu(self.second(x)))
        return self.last(x)


def mlp(*sizes):
    layers = [nn.Linear(sizes[0], sizes[1])]
    for before, after in itertools.pairwise(sizes[1:]):
        layers += [nn.ReLU(), nn.Linear(before, after)]
    return nn.Sequential(*layers)


def test_a_model_is_ranked_and_stays_as_it_is(samples):
    model = Net().train()
    before = copy.deepcopy(model.state_dict())
    ranking = neartop.rank(model, samples, np.arange(300) % 3, **FEW)
    assert len(ranking) == 5
    assert {str(candidate) for candidate in ranking} >= {"gelu with orthogonal", "relu with as_given"}
    assert [c.rank for c in ranking] == sorted(c.rank for c in ranking)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_it_ranks_as_the_program_does(samples, tmp_path):
    ranking = neartop.rank(Net(), samples, seed=3, **FEW)
    preset = neartop.preset(
        Net(), samples, folder=tmp_path / "folder", seed=3, activations=FEW["activations"], inits=FEW["inits"]
    )
    again = neartop.rank(preset, repetitions=2, study=False)
    own = [(str(c), c.near) for c in ranking if c.init != "as_given"]
    assert sorted(own) == sorted((str(c), c.near) for c in again if c.init != "as_given")


def test_a_choice_comes_home(samples):
    ranking = neartop.rank(Net(), samples, **FEW)
    model = Net().half()
    parameter = model.first.weight
    state = torch.get_rng_state()
    with pytest.warns(neartop.ActivationIsFunction, match=r"test_torch.py:\d+: change relu to gelu\n +x = self.drop\(F.relu"):
        given = neartop.apply(model, ranking.find("gelu", "orthogonal"), seed=5)
    assert given is model
    assert isinstance(model.act, nn.GELU)
    assert model.first.weight is parameter
    assert parameter.dtype == torch.float16
    square = model.second.weight.float()
    assert torch.allclose(square @ square.T, torch.eye(32), atol=1e-2)
    assert torch.equal(state, torch.get_rng_state())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again = neartop.apply(Net(), ranking.find("gelu", "orthogonal"), seed=5)
        other = neartop.apply(Net(), ranking.find("gelu", "orthogonal"), seed=6)
    assert torch.equal(again.second.weight.half(), model.second.weight)
    assert not torch.equal(again.second.weight, other.second.weight)


def test_frozen_weights_stay(samples):
    model = mlp(20, 16, 12, 3)
    model[0].requires_grad_(False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.warns(neartop.Assumption, match="frozen"):
        ranking = neartop.rank(model, samples, **FEW)
    neartop.apply(model, ranking.find("gelu", "orthogonal"))
    after = model.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in ("0.weight", "0.bias"))
    assert not torch.equal(after["2.weight"], before["2.weight"])
    # What was frozen since the ranking stays too, and that is said.
    model[2].requires_grad_(False)
    kept = model[2].weight.clone()
    with pytest.warns(neartop.Assumption, match="2.weight is frozen"):
        neartop.apply(model, ranking.find("gelu", "orthogonal"), seed=1)
    assert torch.equal(model[2].weight, kept)


def test_a_choice_by_its_names(samples):
    model = mlp(20, 16, 3)
    neartop.apply(
        model, {"activation": {"leaky_relu": {"negative_slope": 0.3}}, "init": {"constant": {"value": 0.5}}}, inputs=samples
    )
    assert model[1].negative_slope == 0.3
    assert torch.all(model[0].weight == 0.5)
    with pytest.raises(neartop.Error, match="`inputs` are missing"):
        neartop.apply(model, {"activation": "gelu", "init": "orthogonal"})
    with pytest.raises(neartop.Error, match="a candidate is one of a ranking"):
        neartop.apply(model, {"activation": "gelu"})
    with pytest.raises(neartop.Error, match="recommends none"):
        neartop.apply(model, None)


def test_an_initialization_by_data(samples):
    ranking = neartop.rank(mlp(20, 16, 3), samples, activations=["tanh"], inits=["lsuv"], repetitions=1, study=False)
    model = neartop.apply(mlp(20, 16, 3), ranking.find("tanh", "lsuv"))
    spread = model[0](torch.from_numpy(samples[:256]).float()).std().item()
    assert abs(spread - 1) < 0.15


def test_another_model_is_told_from_the_ranked_one(samples):
    ranking = neartop.rank(Net(), samples, **FEW)
    with pytest.raises(neartop.Error, match="not the model that was ranked"):
        neartop.apply(mlp(20, 16, 3), ranking.find("gelu", "orthogonal"))
    preset = neartop.rank("digits-mlp", repetitions=1, study=False)
    with pytest.raises(neartop.Error, match="the ranking is of a preset"):
        neartop.apply(mlp(20, 16, 3), preset.recommended)


def test_the_usual_choices(samples):
    ranking = neartop.rank(mlp(20, 16, 3), samples, repetitions=1, study=False)
    assert len(ranking) == 8 * 5 + 1
    linear = nn.Sequential(nn.Linear(20, 8), nn.LayerNorm(8), nn.Linear(8, 2))
    assert len(neartop.rank(linear, samples, repetitions=1, study=False)) == 5 + 1


def test_slots_apart(samples):
    model = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 3))
    ranking = neartop.rank(
        model,
        samples,
        slots={"body": "relu", "head": ["3"]},
        activations={"body": ["relu", "gelu"], "head": ["tanh", "silu"]},
        inits=["orthogonal"],
        repetitions=1,
        study=False,
    )
    assert len(ranking) == 5
    chosen = ranking.find({"body": "gelu", "head": "silu"}, "orthogonal")
    neartop.apply(model, chosen)
    assert (type(model[1]), type(model[3])) == (nn.GELU, nn.SiLU)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16])
def test_types_of_samples_and_models(samples, kind):
    expected = neartop.score(mlp(20, 16, 3).requires_grad_(False), samples[:64]).near
    torch.manual_seed(0)
    model = mlp(20, 16, 3)
    single = neartop.score(model, samples[:64]).near
    assert neartop.score(model.double(), samples[:64].astype(kind)).near == pytest.approx(single, rel=1e-3)
    assert expected > 0


def test_bytes_and_tokens():
    pictures = np.random.default_rng(0).integers(0, 255, (40, 1, 8, 8), dtype=np.uint8)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
    assert len(neartop.rank(net, pictures, **FEW)) == 5
    tokens = np.random.default_rng(0).integers(0, 50, (40, 12))
    text = nn.Sequential(nn.Embedding(50, 8), nn.Flatten(), nn.Linear(96, 16), nn.ReLU(), nn.Linear(16, 3))
    assert len(neartop.rank(text, tokens, **FEW)) == 5
    # As a table or a file of floats may have them.
    assert len(neartop.rank(text, tokens.astype(np.float64), **FEW)) == 5


def test_scores_of_a_model_as_it_is(samples):
    model = mlp(20, 16, 3)
    found = neartop.score(model, samples)
    assert [layer.module for layer in found.layers] == ["0", "1", "2"]
    assert found.near == pytest.approx(sum(layer.effective_rank for layer in found.layers))
    values = torch.from_numpy(samples).float()
    for layer, module in zip(found.layers, model, strict=True):
        values = module(values)
        # A layer of n units takes n rows.
        singular = torch.linalg.svdvals(values[: layer.width].detach().double())
        shares = singular / singular.sum()
        shares = shares[shares > 0]
        rank = torch.exp(-(shares * shares.log()).sum()).item()
        assert layer.effective_rank == pytest.approx(rank, rel=1e-3)


def test_files_and_programs(samples, tmp_path):
    model = mlp(20, 16, 3)
    folder = tmp_path / "folder"
    preset = neartop.preset(model, samples, np.arange(300) % 3, folder=folder, activations=["relu"], inits=["orthogonal"])
    assert {path.name for path in folder.iterdir()} == {"preset.yaml", "net.pt2", "x.npy", "y.npy"}
    ranking = neartop.rank(folder / "net.pt2", samples, **FEW)
    drawn = neartop.rank(folder / "net.pt2", **FEW)
    named = neartop.rank(folder / "net.pt2", folder / "x.npy", folder / "y.npy", **FEW)
    assert [c.near for c in named] == [c.near for c in ranking] != [c.near for c in drawn]
    program = torch.export.load(folder / "net.pt2")
    assert [c.near for c in neartop.rank(program, samples, **FEW)] == [c.near for c in ranking]
    neartop.apply(model, ranking[0])
    # What was written is replaced, and what was not is not.
    assert neartop.preset(model, samples, folder=folder) == preset
    preset.write_text("name: mine\n")
    with pytest.raises(neartop.Error, match="there already"):
        neartop.preset(model, samples, folder=folder)


def test_the_study_finds_what_was_scored(samples, tmp_path):
    torch.manual_seed(0)
    model = mlp(20, 16, 3)
    options = {**FEW, "study": tmp_path / "study.sqlite"}
    first = neartop.rank(model, samples, **options)
    again = neartop.rank(model, samples, **options)
    assert json.loads(again.to_json())["elapsed_seconds"] < 0.01
    assert [c.near for c in first] == [c.near for c in again]


class Choosing(Net):
    def forward(self, x):
        x = self.first(x)
        if x.sum() > 0:
            x = -x
        return self.second(x)


class Counting(Net):
    def forward(self, x):
        return self.second(self.first(x) * float(x.mean()))


class OfOneSize(Net):
    def forward(self, x):
        return self.second(self.first(x).reshape(8, 4, 8).reshape(8, 32))


class Mixing(Net):
    def forward(self, x):
        x = self.first(x)
        return self.second(self.act(x - x.mean(0)))


@pytest.mark.parametrize(
    ("model", "words", "line"),
    [
        (Choosing, "depends on the values", "if x.sum() > 0:"),
        (Counting, "depends on the values", "float(x.mean())"),
        (OfOneSize, "does not take these inputs", "reshape(8, 4, 8)"),
        (Mixing, "sums over the samples", "test_torch.py"),
    ],
)
def test_what_cannot_be_exported_is_said_with_its_place(samples, model, words, line, capfd):
    with pytest.raises(neartop.Error) as caught:
        neartop.rank(model(), samples, **FEW)
    assert words in str(caught.value)
    assert line in str(caught.value)
    assert "test_torch.py:" in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_versions_of_pytorch(samples, monkeypatch):
    monkeypatch.setattr(torch, "__version__", "2.4.1+cpu")
    with pytest.raises(neartop.Error, match=r"PyTorch 2\.4\.1\+cpu writes models that are not read; 2\.5 or later does"):
        neartop.rank(mlp(20, 8, 3), samples, **FEW)


def test_inputs_that_do_not_fit(samples):
    with pytest.raises(neartop.Error) as caught:
        neartop.rank(Net(), samples[:, :5], **FEW)
    assert "[samples, 5] of float64" in str(caught.value)
    assert "self.first(x)" in str(caught.value)
    with pytest.raises(neartop.Error, match="the class Net: give an instance"):
        neartop.rank(Net, samples)
    with pytest.raises(neartop.Error, match="`inputs` are missing"):
        neartop.rank(Net())


def test_mistakes_in_choices(samples):
    with pytest.raises(neartop.Error, match="did you mean `gelu`"):
        neartop.rank(Net(), samples, activations=["gulu"], study=False)
    with pytest.raises(neartop.Error, match="scale"):
        neartop.rank(Net(), samples, scale="standardise", study=False)
    with pytest.raises(neartop.Error, match="repetitions"):
        neartop.rank(Net(), samples, repetitions=0, study=False)


def test_loaders_feed_a_model(samples):
    data = torch.utils.data.TensorDataset(torch.from_numpy(samples).float(), torch.arange(300))
    loader = torch.utils.data.DataLoader(data, batch_size=50)
    assert [c.near for c in neartop.rank(mlp(20, 16, 3), loader, **FEW) if c.init != "as_given"]


def test_a_table_feeds_a_model(samples):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(samples, columns=[f"f{n}" for n in range(20)]).assign(price=1.0)
    ranking = neartop.rank(mlp(20, 16, 1), table, "price", scale="standardize_features", **FEW)
    assert len(ranking) == 5


class Masked(nn.Module):
    """Tokens, with a mask and places that callers give."""

    def __init__(self):
        super().__init__()
        self.table, self.places = nn.Embedding(20, 8), nn.Embedding(12, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, input_ids, attention_mask, position_ids):
        h = torch.relu(self.table(input_ids) + self.places(position_ids))
        mask = attention_mask[:, :, None].float()
        return self.head((h * mask).sum(1) / mask.sum(1))


def test_masks_and_places_are_filled_in():
    model, ids = Masked(), torch.randint(0, 20, (40, 6))
    found = neartop.score(model.eval(), ids)
    # By hooks, in the same order.
    outputs = []
    for layer in (model.table, model.places, model.head):
        layer.register_forward_hook(lambda layer, taken, given: outputs.append(given.detach()))
    model(ids, torch.ones_like(ids), torch.arange(6).expand(40, 6))
    singular = torch.linalg.svdvals(outputs[2][:3].double())
    parts = singular / singular.sum()
    assert found.layers[-1].effective_rank == pytest.approx(float(torch.exp(-(parts * parts.log()).sum())), rel=1e-4)
    assert len(neartop.rank(model, ids, **FEW)) == 5


def test_sizes_that_are_all_alike_go_in_as_they_are():
    model = nn.Sequential(nn.Conv1d(8, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(96, 3))
    assert len(neartop.rank(model, torch.randn(40, 8, 8), **FEW)) == 5


def test_models_of_transformers():
    transformers = pytest.importorskip("transformers")
    config = transformers.GPT2Config(n_layer=1, n_head=2, n_embd=16, vocab_size=40, n_positions=8, bos_token_id=0, eos_token_id=0)
    model = transformers.GPT2LMHeadModel(config)
    ranking = neartop.rank(
        model,
        np.random.default_rng(0).integers(0, 40, (30, 8)),
        activations=["gelu", "relu"],
        inits=["gpt2"],
        repetitions=1,
        study=False,
    )
    assert model.config.use_cache
    neartop.apply(model, ranking.find("relu", "gpt2"))
    assert isinstance(model.transformer.h[0].mlp.act, nn.ReLU)


def test_models_of_torchvision():
    models = pytest.importorskip("torchvision").models
    model = models.resnet18(num_classes=4)
    ranking = neartop.rank(
        model, torch.randn(6, 3, 32, 32), activations=["silu"], inits=["torchvision_resnet"], repetitions=1, study=False
    )
    neartop.apply(model, ranking[0] if ranking[0].init != "as_given" else ranking[1])
    assert isinstance(model.layer1[0].relu, nn.SiLU)


def test_json_keeps_the_ranking(samples, tmp_path):
    ranking = neartop.rank(Net(), samples, **FEW)
    text = ranking.to_json(tmp_path / "ranking.json")
    assert json.loads(text)["candidates"][0]["layers"]
    again = neartop.Ranking.from_json((tmp_path / "ranking.json").read_text())
    assert again.table() == ranking.table()
    assert again.recommended == ranking.recommended
