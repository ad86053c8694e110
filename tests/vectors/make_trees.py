"""Models of XGBoost, LightGBM and scikit-learn on data drawn here, and what those programs themselves say of some rows: for
tests/unit/infer/trees.c, the fuzzer's corpus and tests/system/push-trees.py (tests/vectors/make runs this, once with each version).

DIRECTORY/NAME.EXTENSION is the model as its maker saves it; DIRECTORY/NAME.csv has a line of classes in the order of its outputs, and
then lines of a raw row of ours (COLUMNS) and the probabilities that must come out.
"""
import pathlib
import sys
import warnings

import numpy
import pandas

warnings.filterwarnings("ignore")
COLUMNS = ["amount", "amount?", "age", "age?", "hour", "country=NL", "country=DE", "country=FR"]
FITTED = ["amount", "age", "hour", "country=NL", "country=DE", "country=FR"]  # on these; a missing number is NaN there
CLASSES = {2: ["ok", "fraud"], 3: ["blue", "red", "green"]}
FINGERPRINT = "0000000000000abc"
rng = numpy.random.default_rng(20)


def draw(n):
    """(frame for a program, rows of ours)."""
    amount, age, hour = rng.lognormal(3, 1, n).round(2), rng.normal(40, 12, n), rng.integers(0, 24, n).astype(float)
    amount[rng.random(n) < 0.15], age[rng.random(n) < 0.1] = numpy.nan, numpy.nan
    hour[rng.random(n) < 0.3] = 0
    country = rng.integers(0, 4, n)
    hot = numpy.array([country == c for c in range(3)], dtype=float)
    frame = pandas.DataFrame(dict(zip(FITTED, [amount, age, hour, *hot])))
    row = numpy.column_stack([numpy.nan_to_num(amount), numpy.isnan(amount), numpy.nan_to_num(age), numpy.isnan(age), hour, *hot])
    return frame, row


def labels(frame, k):
    z = numpy.column_stack([numpy.log1p(frame["amount"].fillna(60)) * (1 + c) / 3 - frame["hour"] * (c - 1) / 9
                            + (frame["country=NL"] * 2 - frame["age"].isna()) * (c == 1) for c in range(k)])
    return (z + rng.gumbel(size=z.shape)).argmax(1)


FIT, ASKED = draw(1500), draw(48)
# On a threshold, and at its neighbours: where the programs differ.
TARGET = {k: labels(FIT[0], k) for k in (2, 3)}


def write(where, name, k, prob, rows=ASKED[1]):
    prob = numpy.column_stack([1 - prob, prob]) if prob.ndim == 1 else prob
    with open(f"{where}/{name}.csv", "w") as out:
        print(",".join(CLASSES[k]), file=out)
        for row, p in zip(rows, prob):
            print(",".join(repr(float(x)) for x in (*row, *p)), file=out)


def on_thresholds(values):
    """Some asked amounts become thresholds of the model."""
    at = [v for v in values if numpy.isfinite(v)][:8]
    for i, v in enumerate(at):
        for frame_row, column in ((i, "amount"),):
            ASKED[0].loc[frame_row, column] = v
            ASKED[1][frame_row, :2] = v, 0


def of_xgboost(where):
    import xgboost
    version = "xgboost" + xgboost.__version__.split(".")[0]
    options = dict(max_depth=4, learning_rate=0.3, n_jobs=1, random_state=1)
    two = xgboost.XGBClassifier(n_estimators=12, **options).fit(FIT[0], TARGET[2])
    trees = two.get_booster().trees_to_dataframe()
    on_thresholds(trees[trees["Feature"] == "amount"]["Split"].unique())
    three = xgboost.XGBClassifier(n_estimators=5, **options).fit(FIT[0], TARGET[3])
    for name, model, k in (("binary", two, 2), ("softprob", three, 3)):
        for kind in ("json", "ubj"):
            model.save_model(f"{where}/{version}-{name}.{kind}")
        write(where, f"{version}-{name}", k, model.predict_proba(ASKED[0]))
    early = xgboost.XGBClassifier(n_estimators=40, early_stopping_rounds=3, **{**options, "learning_rate": 0.9})
    early.fit(FIT[0][:700], TARGET[2][:700], eval_set=[(FIT[0][700:], TARGET[2][700:])], verbose=False)
    early.save_model(f"{where}/{version}-early.json")
    write(where, f"{version}-early", 2, early.predict_proba(ASKED[0]))
    assert early.best_iteration + 1 < early.get_booster().num_boosted_rounds()
    unnamed = xgboost.XGBClassifier(n_estimators=2, **options).fit(FIT[1], TARGET[2])
    unnamed.save_model(f"{where}/{version}-unnamed.json")
    write(where, f"{version}-unnamed", 2, unnamed.predict_proba(ASKED[1]))
    dart = xgboost.XGBClassifier(n_estimators=2, booster="dart", **options).fit(FIT[0], TARGET[2])
    dart.save_model(f"{where}/{version}-dart.json")
    frame = FIT[0].assign(hour=FIT[0]["hour"].astype(int).astype("category"))
    category = xgboost.XGBClassifier(n_estimators=2, tree_method="hist", enable_categorical=True, **options).fit(frame, TARGET[2])
    category.save_model(f"{where}/{version}-category.json")


def of_lightgbm(where):
    import lightgbm
    options = dict(n_estimators=8, num_leaves=12, verbose=-1, n_jobs=1, random_state=1)
    for name, k, more in (("binary", 2, {}), ("zero", 2, {"zero_as_missing": True}), ("none", 2, {"use_missing": False}),
                          ("multiclass", 3, {}), ("rf", 3, {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.5})):
        model = lightgbm.LGBMClassifier(**options, **more).fit(FIT[0], TARGET[k])
        model.booster_.save_model(f"{where}/lightgbm-{name}.txt")
        write(where, f"lightgbm-{name}", k, model.predict_proba(ASKED[0]))
    frame = FIT[0].assign(hour=FIT[0]["hour"].astype(int).astype("category"))
    category = lightgbm.LGBMClassifier(**options).fit(frame, TARGET[2])
    category.booster_.save_model(f"{where}/lightgbm-category.txt")


def of_sklearn(where):
    from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "docs"))
    import sklearn_model
    fingerprint = {"fingerprint": FINGERPRINT, "columns": COLUMNS}
    told, asked = FIT[0].fillna(-1), ASKED[0]  # of these only the forest knows missing numbers
    for name, model, k, frame in (("forest", RandomForestClassifier(4, max_depth=5, random_state=1), 3, FIT[0]),
                                  ("boosting", GradientBoostingClassifier(n_estimators=6, random_state=1), 3, told),
                                  ("histogram", HistGradientBoostingClassifier(max_iter=6, random_state=1), 2, FIT[0])):
        model.fit(frame, numpy.array(CLASSES[k])[TARGET[k]])
        seen = asked if frame is FIT[0] else asked.dropna()
        sklearn_model.save(model, seen, fingerprint, f"{where}/sklearn-{name}.safetensors")
        CLASSES[k] = list(model.classes_)
        rows = ASKED[1][asked.index.isin(seen.index)]
        write(where, f"sklearn-{name}", k, model.predict_proba(seen), rows)


if __name__ == "__main__":
    of_xgboost(sys.argv[1])
    try:
        import lightgbm  # noqa: F401
    except ImportError:
        sys.exit()
    of_lightgbm(sys.argv[1])
    of_sklearn(sys.argv[1])
