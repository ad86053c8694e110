/* What a decision costs: watch.cost.
 *
 * Thread: any thread */
#include "config/config.h"

#include "config/cost.h"
#include "config/limits.h"

#include <math.h>
#include <stdlib.h>

/* Whether the key is that class, a point, and that other one. A class may hold a point itself. */
static bool cost_names(struct text key, const char *truth, const char *predicted) {
    size_t a = strlen(truth), b = strlen(predicted);
    return key.len == a + 1 + b && memcmp(key.at, truth, a) == 0 && key.at[a] == '.' &&
           memcmp(key.at + a + 1, predicted, b) == 0;
}

bool cost_pair(const struct list *classes, struct text key) {
    for (size_t t = 0; t < classes->n; t++)
        for (size_t p = 0; p < classes->n; p++)
            if (cost_names(key, classes->at[t], classes->at[p])) return true;
    return false;
}

/* Whether the entry is a number, and not the name of a feature. check_cost let nothing else
 * through.
 */
static bool cost_number(const char *value, double *out) {
    char *end;
    *out = strtod(value, &end);
    return end != value && !*end;
}

const char *cost_feature(const struct config *c) {
    double number;
    for (size_t i = 0; i < c->watch.cost.n; i++)
        if (!cost_number(c->watch.cost.value[i], &number)) return c->watch.cost.value[i];
    return "";
}

double cost_of(const struct config *c, size_t truth, size_t predicted, double amount) {
    const struct map *cost = &c->watch.cost;
    const struct list *classes = &c->model.classes;
    if (!cost->n) return truth != predicted;
    for (size_t i = 0; i < cost->n; i++) {
        double number;
        if (!cost_names(text_of(cost->key[i]), classes->at[truth], classes->at[predicted]))
            continue;
        if (!cost_number(cost->value[i], &number)) number = amount;
        return fmax(0, fmin(number, COST_MAX));
    }
    return 0;
}
