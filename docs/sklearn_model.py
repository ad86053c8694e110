"""A fitted classifier of scikit-learn as a file for `winnowd model push`.

    from sklearn_model import save
    save(model, frame, json.load(open("columns.json")), "mine.safetensors")

model: RandomForest, ExtraTrees, GradientBoosting or HistGradientBoosting, without splits by categories; or LogisticRegression, by itself
or behind a StandardScaler. frame: pandas rows like those it was fitted on, named like columns of winnowd (of a LogisticRegression: all
of its columns in their order, an array will do); some of them become golden rows. columns.json: what `winnowd model -c FILE fingerprint
--json` prints. A missing number is NaN in the frame; in winnowd's rows it is 0, and 1 in the column NAME?. Tried with scikit-learn 1.2
(the regression), 1.4 and 1.9; docs/FORMATS.md says what the tensors mean.
"""
import json
import struct

import numpy

RIGHT, LEFT = 0, 1  # where a missing number goes
MOST = numpy.finfo("f8").max  # an infinite threshold tells missing numbers from all others, and so does this


def nodes_of(tree):
    """(is a leaf, left, right, feature, threshold, missing goes left, value) of each node."""
    if hasattr(tree, "nodes"):  # of HistGradientBoosting
        if tree.nodes["is_categorical"].any():
            raise ValueError("it splits by categories: fit it on one column of 0 and 1 for each value")
        return [(n["is_leaf"], n["left"], n["right"], n["feature_idx"], n["num_threshold"], n["missing_go_to_left"], [n["value"]])
                for n in tree.nodes]
    left = getattr(tree, "missing_go_to_left", numpy.zeros(tree.node_count))
    return [(tree.children_left[i] < 0, tree.children_left[i], tree.children_right[i], tree.feature[i], tree.threshold[i], left[i],
             tree.value[i].ravel()) for i in range(tree.node_count)]


def groups_of(model, outputs):
    """For each round the trees, one an output, and what the value of a leaf adds to output o."""
    if hasattr(model, "_predictors"):
        return model._predictors, lambda value, o: value[0]
    if hasattr(model, "init_"):
        return [[e.tree_ for e in group] for group in model.estimators_], lambda value, o: model.learning_rate * value[0]
    shift, trees = len(model.classes_) - outputs, len(model.estimators_)
    return ([[e.tree_] * outputs for e in model.estimators_],
            lambda value, o: value[o + shift] / value.sum() / trees)


def forest_of(model, place_of):
    """The tensors of its trees; place_of: feature, where missing numbers go → (column, missing column or -1, rule)."""
    outputs = 1 if len(model.classes_) == 2 else len(model.classes_)
    groups, adds = groups_of(model, outputs)
    root, output, threshold, slot, child, slots = [], [], [], [], [], {}
    for group in groups:
        for o, tree in enumerate(group):
            nodes, queue, first = nodes_of(tree), [0], len(slot)
            root.append(first)
            output.append(o)
            for at in queue:  # breadth first: the children of a node stand side by side
                leaf, left, right, feature, limit, missing_left, value = nodes[at]
                child.append(0 if leaf else first + len(queue))
                threshold.append(adds(value, o) if leaf else numpy.clip(limit, -MOST, MOST))
                slot.append(-1 if leaf else slots.setdefault((int(feature), LEFT if missing_left else RIGHT), len(slots)))
                queue += [] if leaf else [int(left), int(right)]
    boosted = hasattr(model, "decision_function")
    narrow = not hasattr(model, "_predictors")  # scikit-learn's other trees see floats
    return {"forest.rule": ("F32", [narrow, not boosted]), "forest.root": ("F32", root), "forest.output": ("F32", output),
            "forest.threshold": ("F64", threshold), "forest.slot": ("F32", slot), "forest.child": ("F32", child),
            "forest.place": ("F32", [place_of(*key) for key in slots]), "forest.base": ("F64", numpy.zeros(outputs))}


def base_of(model, frame, tensors, keys):
    """Where the sums begin: what is left of a row's score without its trees. keys: feature and rule of each slot."""
    score, x = numpy.atleast_1d(model.decision_function(frame.iloc[:1])[0]), frame.iloc[0].to_numpy(dtype=float)
    x = x.astype("f4") if tensors["forest.rule"][1][0] else x
    slots, child, threshold = (tensors["forest." + name][1] for name in ("slot", "child", "threshold"))
    for at, o in zip(tensors["forest.root"][1], tensors["forest.output"][1]):
        while slots[at] >= 0:
            feature, rule = keys[slots[at]]
            at = child[at] + (rule == RIGHT if numpy.isnan(x[feature]) else x[feature] > threshold[at])
        score[o] -= threshold[at]
    return score


def rows_of(frame, columns):
    """The frame as rows of winnowd."""
    def column(name):
        if name in frame:
            return frame[name].fillna(0)
        return frame[name[:-1]].isna() if name[-1] == "?" and name[:-1] in frame else numpy.zeros(len(frame))
    return numpy.column_stack([numpy.asarray(column(name), dtype=float) for name in columns])


def linear_of(model, frame, columns):
    """The tensors of a regression, whose frame has winnowd's rows."""
    *before, last = [step for _, step in getattr(model, "steps", [("", model)])]
    if numpy.shape(frame)[1] != len(columns):
        raise ValueError("the frame has %d columns, winnowd's rows %d" % (numpy.shape(frame)[1], len(columns)))
    tensors = {"layers.0.weight": ("F64", last.coef_), "layers.0.bias": ("F64", last.intercept_)}
    for scaler in before:
        tensors.update({"mean": ("F64", scaler.mean_), "scale": ("F64", 1 / scaler.scale_)})
    return tensors


def trees_of(model, frame, columns):
    """The tensors of trees."""
    keys = []

    def place_of(feature, rule):
        name = list(frame)[feature]
        keys.append((feature, rule))
        return columns.index(name), columns.index(name + "?") if name + "?" in columns and name + "?" not in frame else -1, rule
    tensors = forest_of(model, place_of)
    if hasattr(model, "decision_function"):
        tensors["forest.base"] = ("F64", base_of(model, frame, tensors, keys))
    return tensors


def save(model, frame, fingerprint, path, golden=32):
    columns, is_trees = fingerprint["columns"], hasattr(model, "estimators_") or hasattr(model, "_predictors")
    tensors = trees_of(model, frame, columns) if is_trees else linear_of(model, frame, columns)
    tensors["golden.row"] = ("F64", rows_of(frame[:golden], columns) if is_trees else frame[:golden])
    tensors["golden.prob"] = ("F64", model.predict_proba(frame[:golden]))
    header, data = {"__metadata__": {"classes": "\n".join(map(str, model.classes_)),
                                     "fingerprint": fingerprint["fingerprint"]}}, b""
    for name, (kind, numbers) in tensors.items():
        array = numpy.asarray(numbers, dtype="<f8" if kind == "F64" else "<f4")
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    head = json.dumps(header).encode()
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(head)) + head + data)
