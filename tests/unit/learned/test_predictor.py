"""Loading runs no code of the bundle's author; predictions fit what the manifest says."""

from __future__ import annotations

import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

from models.domain.errors import InvalidInput, LimitExceeded
from models.domain.limits import Limits
from models.learned.bundles import Bundle, pack_folder, unpack
from models.learned.manifest import check_manifest
from models.learned.predictor import Predictor, load, try_example, write_folder
from models.learned.tensors import tensors_to_arrays
from tests.models.bundles import write_model_folder
from tests.unit.learned.test_bundles import MANIFEST

LIMITS = Limits()


def loaded(folder: Path, limits: Limits = LIMITS) -> Predictor:
    return load(unpack(pack_folder(folder)), limits)


@pytest.fixture(scope="module")
def doubler(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return loaded(write_model_folder(tmp_path_factory.mktemp("models") / "doubler"))


def ask(predictor: Predictor, request: dict[str, Any]) -> Any:
    [answer] = predictor.answer([predictor.query(request)])
    return answer["outputs"]


def tensor(data: Any, shape: list[int] | None = None, **more: Any) -> dict[str, Any]:
    return {"inputs": [{"name": "x", "datatype": "FP64", "shape": shape or [len(data), 1], "data": data, **more}]}


def test_tensors_and_the_plain_form(doubler: Predictor) -> None:
    assert ask(doubler, tensor([1, 2.5])) == [{"name": "y", "datatype": "FP64", "shape": [2], "data": [2.0, 5.0]}]
    assert ask(doubler, tensor([[1], [2]])) [0]["data"] == [2.0, 4.0]
    assert ask(doubler, {"inputs": {"x": 21, "unused": "kept out"}}) == {"y": 42.0}
    assert ask(doubler, {"inputs": {"x": [21]}}) == {"y": [42.0]}
    assert ask(doubler, {"inputs": {"x": [[1], [2]]}}) == {"y": [2.0, 4.0]}


def test_many_requests_are_answered_by_one_call(doubler: Predictor) -> None:
    queries = [doubler.query({"inputs": {"x": n}}) for n in (1, 2)] + [doubler.query({**tensor([3, 4]), "id": "q"})]
    answers = doubler.answer(queries)
    assert [answer["outputs"] for answer in answers[:2]] == [{"y": 2.0}, {"y": 4.0}]
    assert answers[2]["outputs"][0]["data"] == [6.0, 8.0]
    assert answers[2]["id"] == "q"


def test_binary_tensors(doubler: Predictor) -> None:
    raw = np.array([1.0, 2.0]).tobytes()
    request = {**tensor(raw, [2, 1]), "outputs": [{"name": "y", "parameters": {"binary_data": True}}]}
    assert ask(doubler, request)[0]["data"] == np.array([2.0, 4.0]).tobytes()
    all_binary = {**tensor([1]), "parameters": {"binary_data_output": True}}
    assert ask(doubler, all_binary)[0]["data"] == np.float64(2).tobytes()


@pytest.mark.parametrize(
    ("request_", "pointer"),
    [
        ({}, "/inputs"), ({"inputs": []}, "/inputs"), ({"inputs": "x"}, "/inputs"), ({"inputs": [7]}, "/inputs/0"),
        ({"inputs": [{"name": "z"}]}, "/inputs/0/name"), ({"inputs": [{"name": ["x"]}]}, "/inputs/0/name"),
        ({"inputs": tensor([1])["inputs"] * 2}, "/inputs/1/name"), (tensor([1], datatype="FP32"), "/inputs/0/datatype"),
        (tensor([1], [1]), "/inputs/0/shape"), (tensor([1, 2], [1, 2]), "/inputs/0/shape"),
        (tensor([1], [-1, 1]), "/inputs/0/shape"), (tensor([1], shape=[True, 1]), "/inputs/0/shape"),
        (tensor([1], [2, 1]), "/inputs/0/data"), (tensor(["1"]), "/inputs/0/data"), (tensor([True]), "/inputs/0/data"),
        (tensor([[1], 2]), "/inputs/0/data"), (tensor({"a": 1}, [1, 1]), "/inputs/0/data"),
        (tensor(None, [1, 1]), "/inputs/0/data"), (tensor(b"1234567", [1, 1]), "/inputs/0/data"),
        (tensor([], [0, 1]), "/inputs"), ({"inputs": {}}, "/inputs/x"), ({"inputs": {"x": "a"}}, "/inputs/x"),
        ({"inputs": {"x": []}}, "/inputs/x"), ({"inputs": {"x": {}}}, "/inputs/x"),
        ({"inputs": {"x": [[1, 2], [3]]}}, None),
        ({**tensor([1]), "outputs": [{"name": "z"}]}, "/outputs/0/name"), ({**tensor([1]), "outputs": 7}, "/outputs"),
        ({**tensor([1]), "outputs": [7]}, "/outputs"), ({**tensor([1]), "id": 7}, "/id"),
        ({**tensor([1]), "parameters": {"binary_data_output": 1}}, "/parameters"),
        ({**tensor([1]), "outputs": [{"name": "y", "parameters": [1]}]}, "/outputs/0/parameters"),
        (tensor([10**400]), "/inputs/0/data"),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_what_does_not_fit_is_pointed_at(doubler: Predictor, request_: dict[str, Any], pointer: str | None) -> None:
    if pointer is None:
        # Rows of one value may be nested as one likes; the number of values is what counts.
        assert len(ask(doubler, request_)["y"]) == 3
        return
    with pytest.raises(InvalidInput) as caught:
        doubler.query(request_)
    assert caught.value.faults[0].pointer == pointer


def test_rows_and_values_have_limits(tmp_path: Path) -> None:
    predictor = loaded(write_model_folder(tmp_path / "m"), Limits(max_inference_rows=3, max_inference_values=5))
    assert len(ask(predictor, tensor([1, 2, 3]))[0]["data"]) == 3
    with pytest.raises(LimitExceeded, match="max_inference_rows"):
        predictor.query(tensor([1] * 4))
    with pytest.raises(LimitExceeded, match="max_inference_values"):
        predictor.query(tensor([1] * 6))
    with pytest.raises(LimitExceeded, match="max_inference_values"):
        predictor.query(tensor(b"", [2**30, 1]))


PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)


@given(
    st.recursive(
        PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    )
)
def test_no_json_breaks_it(value: Any) -> None:
    specs = check_manifest(MANIFEST).inputs
    for inputs in (value, [value], [{"name": "x", "datatype": "FP64", "shape": value, "data": [1]}],
                   [{"name": "x", "datatype": "FP64", "shape": [1, 1], "data": value}]):  # fmt: skip
        try:
            tensors_to_arrays(inputs, specs, LIMITS)
        except InvalidInput as error:
            assert error.faults  # noqa: PT017 - either way is right; a fault without a place is not


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_texts_survive_the_binary_form(texts: list[str]) -> None:
    specs = check_manifest({**MANIFEST, "inputs": [{"name": "t", "datatype": "BYTES"}]}).inputs
    raw = b"".join(len(text.encode()).to_bytes(4, "little") + text.encode() for text in texts)
    request = [{"name": "t", "datatype": "BYTES", "shape": [len(texts)], "data": raw}]
    assert tensors_to_arrays(request, specs, LIMITS)["t"].tolist() == texts
    for bad in (raw[:-1], raw + b"\1", raw + b"\0\0\0\0"):
        if bad != raw:
            with pytest.raises(InvalidInput):
                tensors_to_arrays([{**request[0], "data": bad}], specs, LIMITS)


def write_mixed(folder: Path, columns_as: str = "array", datatype: str = "BYTES") -> Path:
    """Two pipelines over a text and a number that may be missing."""
    rows = np.array([["a", 1.0], ["b", 2.0], ["a", 3.0], ["b", 4.0]], dtype=object)
    table: Any = rows
    columns: Any = [0]
    if columns_as == "frame":
        from pandas import DataFrame

        table, columns = DataFrame({"kind": rows[:, 0], "size": rows[:, 1].astype(float)}), ["kind"]
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    prepare = ColumnTransformer([("kind", encoder, columns)], remainder="passthrough")
    minutes = Pipeline([("prepare", prepare), ("fit", LinearRegression())]).fit(table, [1.0, 2.0, 3.0, 4.0])
    late = Pipeline([("prepare", prepare), ("fit", LogisticRegression())]).fit(table, [0, 0, 1, 1])
    return write_folder(
        folder, {"pipeline.skops": minutes, "late.skops": late}, name="mixed", version="1", columns_as=columns_as,
        inputs=[{"name": "kind", "datatype": datatype}, {"name": "size", "datatype": "FP64"}],
        outputs=[
            {"name": "minutes", "datatype": "FP64"},
            {"name": "late", "datatype": "FP32", "pipeline": "late.skops", "method": "predict_proba", "column": 1},
            {"name": "both", "datatype": "FP64", "shape": [-1, 2], "pipeline": "late.skops", "method": "predict_proba"},
        ],
        example={"kind": "a", "size": 2.5},
    )  # fmt: skip


@pytest.mark.parametrize("columns_as", ["array", "frame"])
def test_columns_of_several_kinds_and_several_pipelines(tmp_path: Path, columns_as: str) -> None:
    predictor = loaded(write_mixed(tmp_path / "m", columns_as))
    try_example(predictor)
    answer = ask(predictor, {"inputs": {"kind": ["a", "unknown"], "size": [4, 1]}})
    assert answer["minutes"][0] == pytest.approx(4.0, abs=0.2)
    assert answer["late"][0] > 0.5 > answer["late"][1]
    assert [sum(pair) for pair in answer["both"]] == pytest.approx([1.0, 1.0])
    alone = ask(predictor, {"inputs": {"kind": "a", "size": 4}})
    assert alone["late"] == pytest.approx(answer["late"][0])
    assert len(alone["both"]) == 2
    request = {
        "inputs": [
            {"name": "size", "datatype": "FP64", "shape": [1], "data": [4]},
            {"name": "kind", "datatype": "BYTES", "shape": [1], "data": ["a"]},
        ],
        "outputs": [{"name": "late"}],
    }
    assert [one["name"] for one in ask(predictor, request)] == ["late"]


def test_a_model_that_refuses_says_why(tmp_path: Path) -> None:
    predictor = loaded(write_mixed(tmp_path / "m"))
    with pytest.raises(InvalidInput, match="NaN"):
        ask(predictor, {"inputs": {"kind": "a", "size": None}})


def test_numbers_that_json_lacks_become_null(tmp_path: Path) -> None:
    pipeline = FunctionTransformer(np.log).fit(np.ones((2, 1)))
    output = {"name": "y", "datatype": "FP64", "method": "transform", "shape": [-1, 1]}
    folder = write_folder(tmp_path / "log", pipeline, **{**MANIFEST, "name": "log", "outputs": [output]})
    assert ask(loaded(folder), {"inputs": {"x": [0, 1]}}) == {"y": [[None], [0.0]]}
    assert ask(loaded(folder), tensor([0, 1]))[0]["data"] == [None, 0.0]


def evil(function: Any) -> bytes:
    """A pipeline that calls a function of the author's choice, as skops saves it."""
    return skops.io.dumps(FunctionTransformer(function))


def run_command() -> bytes:
    import os

    return evil(os.system)


def eval_text() -> bytes:
    return evil(eval)


def renamed() -> bytes:
    """Says that it needs numpy.log, and loads another function."""
    raw = evil(np.log)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as given, zipfile.ZipFile(out, "w") as made:
        for name in given.namelist():
            data = given.read(name)
            made.writestr(name, data.replace(b'"log"', b'"system"').replace(b'"numpy"', b'"os"'))
    return out.getvalue()


def bound_method() -> bytes:
    """A method of an object, which older versions of skops trusted blindly."""
    return evil(LinearRegression().fit)


@pytest.mark.parametrize("make", [run_command, eval_text, renamed, bound_method], ids=lambda make: make.__name__)
def test_types_that_nobody_trusts_are_not_loaded(make: Any) -> None:
    pipeline = make()
    named = skops.io.get_untrusted_types(data=pipeline)
    manifest = check_manifest({
        **MANIFEST, "trusted_types": [name for name in named if name.replace(".", "").replace("_", "").isalnum()],
        "outputs": [{"name": "y", "datatype": "FP64", "method": "transform"}],
    })  # fmt: skip
    with pytest.raises(InvalidInput) as caught:
        load(Bundle(manifest, {"pipeline.skops": pipeline}), LIMITS)
    assert "not allowed here" in caught.value.faults[0].detail or "cannot be loaded" in caught.value.faults[0].detail


def test_a_type_must_be_named_in_the_manifest_too(tmp_path: Path) -> None:
    from sklearn.tree import DecisionTreeRegressor

    tree = DecisionTreeRegressor().fit([[0.0], [1.0]], [0.0, 1.0])
    folder = write_folder(tmp_path / "tree", tree, **{**MANIFEST, "name": "tree"})
    assert ask(loaded(folder), {"inputs": {"x": 1}}) == {"y": 1.0}
    bundle = unpack(pack_folder(folder))
    quiet = bundle.manifest.model_copy(update={"trusted_types": ()})
    with pytest.raises(InvalidInput) as caught:
        load(Bundle(quiet, bundle.pipelines), LIMITS)
    assert "sklearn.tree._tree.Tree" in caught.value.faults[0].detail


@pytest.mark.parametrize("damage", ["schema", "missing", "not json"])
def test_a_damaged_pipeline_is_told_not_raised(tmp_path: Path, damage: str) -> None:
    raw = unpack(pack_folder(write_model_folder(tmp_path / "m"))).pipelines["pipeline.skops"]
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as given, zipfile.ZipFile(out, "w") as made:
        for name in given.namelist():
            data = given.read(name)
            if name == "schema.json":
                data = {"schema": json.dumps({"protocol": 2}).encode(), "not json": b"{", "missing": data}[damage]
            elif damage == "missing":
                continue
            made.writestr(name, data)
    with pytest.raises(InvalidInput):
        load(Bundle(check_manifest(MANIFEST), {"pipeline.skops": out.getvalue()}), LIMITS)


def test_a_method_that_the_pipeline_lacks_is_told(tmp_path: Path) -> None:
    folder = write_model_folder(tmp_path / "m")
    bundle = unpack(pack_folder(folder))
    manifest = check_manifest({**MANIFEST, "outputs": [{"name": "y", "datatype": "FP64", "method": "predict_proba"}]})
    with pytest.raises(InvalidInput, match="not valid"):
        load(Bundle(manifest, bundle.pipelines), LIMITS)


def test_an_example_that_does_not_work_is_told(tmp_path: Path) -> None:
    predictor = loaded(write_model_folder(tmp_path / "m"))
    broken = Predictor(
        predictor.manifest.model_copy(update={"example": {"x": "text"}}), predictor.pipelines, predictor.size, LIMITS
    )
    with pytest.raises(InvalidInput):
        try_example(broken)


def test_sizes_are_finite_numbers(doubler: Predictor) -> None:
    assert 0 < doubler.size < 100_000
    assert math.isfinite(ask(doubler, {"inputs": {"x": 1e300}})["y"])
