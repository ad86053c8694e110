/* The effective configuration as YAML: reads back to the same values, secrets masked (promise I12).
 *
 * Behind each value stands where it came from, as a comment.
 *
 * Thread: main thread */
#include "value.h"

/* A comment ends with its line: a file name must not break out of it. */
static void effective_source(const struct config_source *source, struct buf *out) {
    buf_str(out, "  # ");
    for (const char *p = source->text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        char shown = c < 0x20 || c > 0x7E ? '?' : *p;
        buf_add(out, &shown, 1);
    }
    buf_str(out, "\n");
}

static void effective_value(const struct option *o, const void *base,
                            const struct config_source *source, const char *indent,
                            struct buf *out) {
    buf_printf(out, "%s%s: ", indent, o->key);
    value_write(o, (const char *)base + o->offset, out);
    effective_source(source, out);
}

const char *config_feature_place(const struct config *c, size_t i) {
    return c->source[source_of_feature(i, FEATURE_KEY_name)].text;
}

void config_print(const struct config *c, struct buf *out) {
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *o = &option_rows[i];
        if (!i || !same_section(o, o - 1)) buf_printf(out, "%s:\n", o->section);
        effective_value(o, c, &c->source[i], "  ", out);
    }
    buf_str(out, "features:\n");
    for (size_t i = 0; i < c->features_n; i++)
        for (size_t k = 0; k < FEATURE_KEYS; k++)
            effective_value(&feature_rows[k], &c->features[i], &c->source[source_of_feature(i, k)],
                            k ? "    " : "  - ", out);
}
