from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from cinekit.errors import SegmenterError
from cinekit.model import Motion
from cinekit.see import (
    VOCABULARIES,
    all_categories,
    find_vocabulary,
    load_vocabulary,
    read_labels,
    shared_categories,
)
from cinekit.see import vocabulary as vocabulary_module
from cinekit.see.vocabulary import face_categories, parse_vocabulary

TABLES = Path(vocabulary_module.__file__).parent / "tables"


@pytest.mark.parametrize("name", VOCABULARIES)
def test_every_table_has_as_many_rows_as_its_name_says(name):
    assert len(load_vocabulary(name).classes) == int(name.rpartition("_")[2])


@pytest.mark.parametrize("name", VOCABULARIES)
def test_every_class_folds_into_exactly_one_category(name):
    vocabulary = load_vocabulary(name)
    np.testing.assert_array_equal(vocabulary.matrix.sum(axis=1), 1)
    assert (vocabulary.matrix.sum(axis=0) > 0).all()
    assert vocabulary.matrix.shape == (len(vocabulary.classes), len(vocabulary.categories))


def test_there_are_32_shared_categories_and_each_has_a_motion():
    shared = shared_categories()
    assert len({c.name for c in shared}) == 32
    assert {c.motion for c in shared} == set(Motion)
    assert set(shared) <= set(all_categories().values())


def test_one_word_means_one_category_in_all_tables():
    # "mouse", "light", "table" ...: an ensemble must not call one thing two names.
    seen: dict[str, tuple[str, str]] = {}
    for name in VOCABULARIES:
        vocabulary = load_vocabulary(name)
        for label, category in zip(vocabulary.classes, vocabulary.category_of, strict=True):
            first = seen.setdefault(label.lower(), (category, name))
            assert first[0] == category, f"{label}: {first} and {category} ({name})"


@pytest.mark.parametrize(
    ("table", "label", "category"),
    [
        ("ade20k_150", "sea", "water"),
        ("ade20k_150", "swimming pool", "water"),
        ("ade20k_150", "waterfall", "water"),
        ("ade20k_150", "fountain", "water"),
        ("ade20k_150", "fireplace", "fire"),
        ("ade20k_150", "flag", "cloth"),
        ("ade20k_150", "pool table", "furniture"),
        ("pascal_context_60", "ground", "background"),
        ("pascal_context_60", "floor", "background"),
        ("pascal_context_60", "sidewalk", "background"),
        ("coco_stuff_171", "clouds", "sky"),
        ("cityscapes_19", "vegetation", "tree"),
        ("celebamask_19", "l_eye", "eyes"),
    ],
)
def test_classes_fold_where_the_method_says(table, label, category):
    vocabulary = load_vocabulary(table)
    assert vocabulary.category_of[vocabulary.classes.index(label)] == category


def test_what_burns_and_flows_is_natural_and_what_walks_is_not():
    categories = all_categories()
    for name in ("water", "fire", "smoke", "tree", "grass", "sky", "cloth", "hair"):
        assert categories[name].motion is Motion.NATURAL
    for name in ("person", "dog", "vehicle", "animal", "eyes"):
        assert categories[name].motion is Motion.NON_NATURAL


def test_the_two_pascal_context_tables_differ_by_background_only():
    sixty, fifty_nine = load_vocabulary("pascal_context_60"), load_vocabulary("pascal_context_59")
    assert sixty.classes == ("background", *fifty_nine.classes)
    assert sixty.category_of[1:] == fifty_nine.category_of


def test_labels_are_matched_by_name_in_any_order_and_case():
    table = load_vocabulary("voc_21")
    mixed = table.select(["Person", "potted plant", "DOG", "background", "tv_monitor"])
    assert mixed.category_of == ("person", "plant", "dog", "background", "electronics")
    assert mixed.matrix.shape == (5, 5)


def test_labels_cut_to_their_first_word_are_matched():
    # The label file of the common TensorFlow Lite conversion keeps "swimming" of "swimming pool".
    table = load_vocabulary("ade20k_150")
    short = [name.split()[0] for name in table.classes]
    assert table.select(short).category_of == table.category_of


def test_background_has_a_row_in_every_table():
    chosen = load_vocabulary("ade20k_150").select(["background", "wall"])
    assert chosen.category_of == ("background", "building")


def test_a_label_without_a_row_is_an_error_that_names_it():
    with pytest.raises(SegmenterError, match="none for 'dragon', 'elf'"):
        load_vocabulary("ade20k_150").select(["sky", "dragon", "elf"])


def test_an_ambiguous_label_is_an_error_that_names_the_rows():
    # "ground" is a synonym of earth and of land, both background; "pot" is a row of its own.
    table = load_vocabulary("ade20k_150")
    assert table.select(["ground", "pot"]).category_of == ("background", "tableware")
    table = parse_vocabulary(
        "classes:\n- sky: sky\n- pool table: furniture\n- pool water: water", "t"
    )
    with pytest.raises(SegmenterError, match="'pool' fits 'pool table' and 'pool water'"):
        table.select(["background", "pool"])


def test_the_table_is_found_from_the_labels_alone():
    assert find_vocabulary(["sky", "vegetation", "rider"]).name == "cityscapes_19"
    with pytest.raises(SegmenterError, match="lacks 'unicorn'"):
        find_vocabulary(["sky", "unicorn"])


def test_a_table_of_the_users_own(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text(
        "classes:\n- sea;ocean: water\n- lava: lava\ncategories:\n  lava: natural\n", "utf-8"
    )
    vocabulary = load_vocabulary(path)
    assert [c.name for c in vocabulary.categories] == ["water", "lava"]
    assert vocabulary.categories[1].motion is Motion.NATURAL
    assert vocabulary.select(["lava", "Ocean"]).category_of == ("lava", "water")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("classes:\n- sea: see", "folds 'sea' into 'see', which is no category"),
        ("classes:\n- sea: water\n- sea: water", "each class once"),
        ("classes: []", "at least one class"),
        ("classes:\n- sea", "expected rows"),
        ("classes:\n- sea: [", "is not yaml"),
        ("labels: 3", "list `classes`"),
        ("classes:\n- sea: x\ncategories:\n  x: wild", "one of static, natural, non_natural"),
        ("classes:\n- sea: x\ncategories: [x]", "`name: motion` rows"),
    ],
)
def test_a_wrong_table_is_one_clear_line(text, message):
    with pytest.raises(SegmenterError, match=message) as error:
        parse_vocabulary(text, "mine")
    assert "\n" not in str(error.value)


def test_an_unknown_table_lists_the_known_ones():
    with pytest.raises(SegmenterError, match="cityscapes_19"):
        load_vocabulary("cityscape")


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("sky\nsea\n\n", ("sky", "sea")),
        ("1\tsky\n2\tpool table\n", ("background", "sky", "pool table")),
        ("1: sky\n0: void\n", ("void", "sky")),
    ],
)
def test_label_files_with_and_without_numbers(tmp_path, text, labels):
    path = tmp_path / "labels.txt"
    path.write_text(text, "utf-8")
    assert read_labels(path) == labels


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "found none"), ("1 a\n3 b", "2 is missing"), ("1 a\n1 b", "listed twice")],
)
def test_wrong_label_files_are_one_clear_line(tmp_path, text, message):
    path = tmp_path / "labels.txt"
    path.write_text(text, "utf-8")
    with pytest.raises(SegmenterError, match=message):
        read_labels(path)
    with pytest.raises(SegmenterError, match="found no file"):
        read_labels(tmp_path / "none.txt")


@pytest.mark.parametrize("name", VOCABULARIES)
def test_the_labels_of_every_table_find_a_table_that_folds_them_alike(name):
    table = load_vocabulary(name)
    found = find_vocabulary(table.classes)
    assert found.classes == table.classes
    if found.name == name:
        assert found.category_of == table.category_of


@pytest.mark.parametrize("name", VOCABULARIES)
def test_how_a_category_moves_is_said_in_one_place(name):
    table = yaml.safe_load((TABLES / f"{name}.yaml").read_text("utf-8"))
    assert set(table) == {"classes"}
    known = all_categories()
    assert all(known[category.name] is category for category in load_vocabulary(name).categories)


@pytest.mark.parametrize("name", [name for name in VOCABULARIES if name != "celebamask_19"])
def test_scenes_have_no_parts_of_faces(name):
    parts = {category.name for category in face_categories()}
    assert not parts & {category.name for category in load_vocabulary(name).categories}


def test_the_label_file_of_a_real_network_is_the_table(test_data):
    labels = read_labels(test_data / "weights" / "deeplabv3_mobilenetv2_ade20k.labels.txt")
    table = load_vocabulary("ade20k_150")
    assert len(labels) == 151
    found = find_vocabulary(labels)
    assert found.name == "ade20k_150"
    assert found.category_of == ("background", *table.category_of)


def test_every_class_of_coco_panoptic_has_a_row(test_data):
    folder = test_data / "segmentation" / "coco_panoptic"
    classes = json.loads((folder / "panoptic_coco_categories.json").read_text("utf-8"))
    names = [one["name"].removesuffix("-merged").removesuffix("-stuff") for one in classes]
    table = load_vocabulary("coco_stuff_171")
    folded = dict(zip(names, table.select(names).category_of, strict=True))
    assert len(folded) == 133
    things = [one["name"] for one in classes if one["isthing"]]
    assert tuple(things) == table.classes[:80]
    assert folded["tree"] == "tree"
    assert folded["water-other"] == "water"
    assert folded["dirt"] == "background"
