/* What a decision costs: watch.cost.
 *
 * Thread: any thread */
#include "config/config.h"

#include "config/cost.h"

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

double cost_of(const struct config *c, size_t truth, size_t predicted) {
    const struct map *cost = &c->watch.cost;
    const struct list *classes = &c->model.classes;
    if (!cost->n) return truth != predicted;
    for (size_t i = 0; i < cost->n; i++)
        if (cost_names(text_of(cost->key[i]), classes->at[truth], classes->at[predicted]))
            return strtod(cost->value[i], NULL);
    return 0;
}
