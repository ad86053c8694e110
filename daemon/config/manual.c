/* winnowd.yaml(5) from the options table, in the language of scdoc(1).
 *
 * Thread: any thread */
#include "value.h"

void scdoc_text(const char *text, struct buf *out) {
    for (; *text; text++) {
        if (strchr("\\*_#`[]<>", *text)) buf_str(out, "\\");
        buf_add(out, text, 1);
    }
}

static void manual_entry(const struct option *o, struct buf *out) {
    struct buf words = {0};
    buf_str(out, "*");
    scdoc_text(o->key, out);
    buf_printf(out, "* (%s; ", type_name(o->type));
    value_allowed(o, &words);
    scdoc_text(buf_string(&words), out);
    buf_reset(&words);
    if (option_required(o)) {
        buf_str(out, "; required");
    } else {
        value_default_write(o, &words);
        buf_str(out, "; default ");
        scdoc_text(buf_string(&words), out);
    }
    buf_printf(out, "%s)\n\t", o->flags & RELOAD ? "; reload" : "");
    scdoc_text(o->doc, out);
    buf_str(out, "\n\n");
    buf_release(&words);
}

void config_manual(struct buf *out) {
    buf_str(
        out,
        "winnowd.yaml(5)\n\n# NAME\n\nwinnowd.yaml - configuration of winnowd\n\n# DESCRIPTION\n\n"
        "One YAML file of sections, and in them keys. A key left out has its default. *winnowd "
        "check -c* _FILE_ tells every mistake of a file at once, with its place, and prints the "
        "values "
        "that would be in force and where each comes from. Durations are a whole number and a unit "
        "(50ms, 5s, 10m, 12h, 7d), sizes too (512B, 64KiB, 8MiB, 4GiB). "
        "Aliases, anchors, tags, merge keys, repeated keys and second documents are refused. What "
        "is marked \"reload\" is taken over by SIGHUP; all else wants a restart.\n");
    for (size_t i = 0, section = 0; i < OPTIONS; i++) {
        if (!i || !same_section(&option_rows[i], &option_rows[i - 1])) {
            const struct section *s = &section_rows[section++];
            buf_printf(out, "\n# %s\n\n", s->name);
            scdoc_text(s->doc, out);
            buf_str(out, "\n\n");
        }
        manual_entry(&option_rows[i], out);
    }
    buf_printf(out, "\n# features\n\n%s\n\n", features_doc);
    for (size_t i = 0; i < FEATURE_KEYS; i++) manual_entry(&feature_rows[i], out);
    buf_str(out, "\n# KAFKA PROPERTIES THAT WINNOWD SETS ITSELF\n\n");
    for (size_t i = 0; i < OWNED_ROWS; i++) {
        buf_str(out, "*");
        scdoc_text(owned_rows[i].key, out);
        buf_str(out, "*\n\t");
        scdoc_text(owned_rows[i].why, out);
        buf_str(out, "\n\n");
    }
    buf_str(out, "\n# EXAMPLE\n\n```\nmodel:\n  classes: [good, fraud]\nfeatures:\n  - name: "
                 "amount\n  - name: age\n```\n\n# SEE ALSO\n\n*winnowd*(1), *winnowd*(7)\n");
}
