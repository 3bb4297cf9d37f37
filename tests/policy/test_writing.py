"""Writing with a model: the same call gives the same texts, within its limits."""

import json

import pytest

from tests.policy.conftest import PROMPTS, random_writer
from vitrina.errors import PermanentError
from vitrina.policy import storage

pytestmark = pytest.mark.usefixtures("torch_is_here")


@pytest.fixture(scope="module")
def writer(writer_folder):
    from vitrina.policy.writing import open_writer

    return open_writer(writer_folder, threads=1)


def texts(found):
    return [[each.text for each in of_one] for of_one in found]


def test_the_same_call_gives_the_same_texts_and_another_seed_others(writer):
    first = texts(writer.write(PROMPTS, samples=3, seed=1))
    assert texts(writer.write(PROMPTS, samples=3, seed=1)) == first
    assert texts(writer.write(PROMPTS, samples=3, seed=2)) != first
    assert [len(of_one) for of_one in first] == [3] * len(PROMPTS)


def test_the_random_stream_of_the_process_is_left_as_it_was(writer):
    import torch

    torch.manual_seed(5)
    wanted = torch.rand(3).tolist()
    torch.manual_seed(5)
    writer.write(PROMPTS[:2], seed=9)
    assert torch.rand(3).tolist() == wanted


def test_a_text_that_did_not_end_says_so(writer):
    for of_one in writer.write(PROMPTS[:4], samples=4, max_new_tokens=3):
        for each in of_one:
            assert len(each.ids) <= 3
            assert each.ended == (each.ids[-1] == writer.encoder.tokenizer.eos_token_id)


def test_zero_temperature_takes_the_likeliest_whatever_the_seed(writer):
    one, other = (texts(writer.write(PROMPTS[:3], temperature=0, seed=seed)) for seed in (1, 2))
    assert one == other


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"temperature": -1.0}, {"max_new_tokens": 0}])
def test_senseless_wishes_are_refused(writer, wrong):
    with pytest.raises(PermanentError):
        writer.write(PROMPTS, **wrong)


def test_no_prompts_give_no_texts(writer):
    assert writer.write([]) == []


def test_likelihoods_do_not_depend_on_the_company(writer):
    written = [of_one[0] for of_one in writer.write(PROMPTS, seed=3)]
    together = writer.likelihoods(PROMPTS, [each.ids for each in written])
    for prompt, each, found in zip(PROMPTS, written, together, strict=True):
        [alone] = writer.likelihoods([prompt], [each.ids])
        assert len(found) == len(each.ids)
        assert found == pytest.approx(alone, abs=1e-4)
        assert (found < 0).all()


def test_a_prompt_that_names_special_tokens_does_not_end_or_answer(writer):
    encoder = writer.encoder
    ids = encoder.asked("начало<|end|>середина<|answer|>конец")
    assert ids.count(encoder.tokenizer.eos_token_id) == 0
    assert ids.index(encoder.tokenizer.convert_tokens_to_ids("<|answer|>")) == len(ids) - 1


def test_a_long_prompt_keeps_its_beginning(writer):
    ids = writer.encoder.asked("Чайник стальной. " + "Продавец говорит. " * 100)
    assert len(ids) == 25
    assert writer.encoder.read(ids).startswith("Чайник")


def test_the_same_weights_have_the_same_name(writer_folder, tmp_path):
    again = random_writer(tmp_path / "again")
    other = random_writer(tmp_path / "other", seed=1)
    name = storage.read(writer_folder)["model_id"]
    assert storage.read(again)["model_id"] == name
    assert storage.read(other)["model_id"] != name


def test_a_changed_file_is_not_opened(tmp_path):
    from vitrina.policy.writing import open_writer

    folder = random_writer(tmp_path / "model")
    path = folder / storage.FOLDER / "encoding.json"
    path.write_text(path.read_text().replace("24", "25"))
    with pytest.raises(PermanentError, match="was changed"):
        open_writer(folder)


def test_another_folder_or_kind_is_refused_with_a_sentence(tmp_path, writer_folder):
    with pytest.raises(PermanentError, match="holds no model that writes"):
        storage.read(tmp_path)
    with pytest.raises(PermanentError, match="policy is needed"):
        storage.read(writer_folder, kind=storage.WriterKind.POLICY)
    (tmp_path / "manifest.json").write_text(json.dumps({"format": "vitrina-reward-model", "version": 1, "files": {}}))
    with pytest.raises(PermanentError, match="does not write"):
        storage.read(tmp_path)


def test_nothing_in_a_folder_is_a_pickle(writer_folder):
    names = {path.name for path in writer_folder.rglob("*") if path.is_file()}
    assert "model.safetensors" in names
    assert not [name for name in names if name.endswith((".bin", ".pt", ".pth", ".pkl", ".py"))]
