#!/usr/bin/env python3
"""Runs scikit-activeml's stream rules on made-up samples and records each step: tests/vectors/make runs it, with the version it pins.

One line a sample: rule, budget, classes, utility (1 - p1), the numbers that the rule's generator held ready (whether it took them or not),
whether it asked, and theta after the step where there is one. Utilities have nine bits behind the leading one, as winnowd keeps them, so they
are exact here and there. The generator is looked at by a copy; the library itself runs untouched, one sample a call.
"""
import copy
import csv
import sys

import numpy
from skactiveml.base import SkactivemlClassifier
from skactiveml.stream import FixedUncertainty, PeriodicSampling, RandomVariableUncertainty, Split, StreamRandomSampling, VariableUncertainty
from skactiveml.stream.budgetmanager import BalancedIncrementalQuantileFilter

STEPS = 200


class Given(SkactivemlClassifier):
    """A candidate's row is its prediction."""

    def fit(self, X, y, sample_weight=None):
        return self

    def predict_proba(self, X):
        return X


def rounded(u):
    mantissa, exponent = numpy.frexp(u)
    return float(numpy.ldexp(numpy.round(mantissa * 1024) / 1024, exponent))


def utilities(rng, classes):
    """Anything, then one value for long (an untrained model), then sure ones (the budget is saved up), then anything."""
    most = 1 - 1 / classes
    some = [rounded(u) for u in rng.uniform(0.001, most, STEPS)]
    some[60:100] = [rounded(most / 2)] * 40
    some[120:180] = [rounded(u) for u in rng.uniform(0.001, 0.05, 60)]
    return some


def prediction(u, classes):
    return [1 - u] + [u / (classes - 1)] * (classes - 1)


class Uncertainty:
    def __init__(self, rule, draws, budget, classes, seed):
        options = {"classes": list(range(classes))} if rule is FixedUncertainty else {}
        self.strategy, self.draws, self.classes = rule(budget=budget, random_state=seed, **options), draws, classes
        self.strategy.update(numpy.zeros((0, classes)), [])  # makes its manager, and that its generator
        self.manager = self.strategy.budget_manager_
        self.model = Given(classes=list(range(classes)))

    def step(self, u):
        ready = self.draws(copy.deepcopy(self.manager.random_state_)) if self.draws else []
        row = numpy.array([prediction(u, self.classes)])
        asked = self.strategy.query(row, self.model)
        self.strategy.update(row, asked)
        return ready, len(asked), getattr(self.manager, "theta_", None)


class Blind:
    def __init__(self, rule, draws, budget, classes, seed):
        self.strategy, self.draws = rule(budget=budget, random_state=seed), draws
        self.strategy.query([[0]])  # makes its generator

    def step(self, u):
        ready = self.draws(copy.deepcopy(self.strategy.random_state_)) if self.draws else []
        row = numpy.array([[u]])
        asked = self.strategy.query(row)
        self.strategy.update(row, asked)
        return ready, len(asked), None


class Filter:
    def __init__(self, rule, draws, budget, classes, seed):
        self.manager = rule(budget=budget)

    def step(self, u):
        asked = self.manager.query_by_utility(numpy.array([u]))
        self.manager.update(numpy.array([[u]]), asked, numpy.array([u]))
        return [], len(asked), None


def normal(rng):
    return [rng.normal(1, 1.0)]


def one(rng):
    return [rng.random_sample()]


def two(rng):
    return [rng.random_sample(), rng.random_sample()]


RULES = [("random", Blind, StreamRandomSampling, one), ("periodic", Blind, PeriodicSampling, None), ("fixed", Uncertainty, FixedUncertainty, None),
         ("variable", Uncertainty, VariableUncertainty, None), ("random_variable", Uncertainty, RandomVariableUncertainty, normal), ("split", Uncertainty, Split, two),
         ("biqf", Filter, BalancedIncrementalQuantileFilter, None)]


def main():
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["rule", "budget", "classes", "utility", "draw", "draw2", "asked", "theta"])
    for n, (name, kind, rule, draws) in enumerate(RULES):
        for budget, classes in ((0.05, 2), (0.25, 4), (0.7, 3)):
            run = kind(rule, draws, budget, classes, 100 + n)
            for u in utilities(numpy.random.RandomState(n), classes):
                ready, asked, theta = run.step(u)
                ready = ["%.17g" % r for r in ready] + ["", ""]
                out.writerow([name, budget, classes, "%.17g" % u, ready[0], ready[1], asked, "" if theta is None else "%.12g" % theta])


main()
