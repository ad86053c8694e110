/* What stands in admit.registry, by its keys: for the check of the file, and for who asks.
 *
 * Thread: any thread */
#include "config/config.h"

#include <string.h>

const char *config_registry(const struct config *c, const char *key) {
    const struct map *m = &c->admit.registry;
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->key[i], key) == 0 && *m->value[i]) return m->value[i];
    return NULL;
}
