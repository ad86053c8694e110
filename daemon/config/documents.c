/* What the options table says to people: docs/OPTIONS.md and the annotated config/winnowd.yaml.
 *
 * A test compares both files with what is made here, so they cannot grow apart from the code.
 *
 * Thread: main thread */
#include "value.h"

enum { COMMENT_WIDTH = 110 }; // columns of config/winnowd.yaml

static const char docs_head[] =
    "# Options\n"
    "\n"
    "Generated from the options table; do not edit. `config/winnowd.yaml` has the same as an "
    "annotated file.\n"
    "\n"
    "The configuration is one YAML file of sections, and in them keys: `budget.rate` below is key "
    "`rate` of section\n"
    "`budget`. A key left out has its default. `winnowd check -c FILE` tells every mistake of a "
    "file at once, with its place,\n"
    "and prints the values that would be in force and where each comes from.\n"
    "\n"
    "| type | how it is written |\n"
    "|---|---|\n"
    "| text | quoted or not; its length is counted in bytes |\n"
    "| boolean | `true` or `false`, nothing else |\n"
    "| whole number, number | decimal, without quotes: `42`, `0.05`, `1e-6` |\n"
    "| duration | whole number and unit: `50ms`, `5s`, `10m`, `12h`, `7d`; the unit is never left "
    "out |\n"
    "| size | whole number and unit: `512B`, `64KiB`, `8MiB`, `4GiB`; without a unit: bytes |\n"
    "| choice | one of the words named |\n"
    "| list | `[a, b]`, or one `- a` a line |\n"
    "| map | `{name: value}`, or one `name: value` a line |\n"
    "\n"
    "Aliases, anchors, tags, merge keys, repeated keys and second documents are refused. "
    "\"reload\": SIGHUP puts a changed\n"
    "value in force; \"restart\": only a restart does, and SIGHUP says so.\n";

/* A cell must not hold '|', which would end it. */
static void documents_cell(const char *text, struct buf *out) {
    for (; *text; text++) {
        if (*text == '|') buf_str(out, "\\");
        buf_add(out, text, 1);
    }
}

static void documents_row(const struct option *o, bool reloads, struct buf *out) {
    struct buf words = {0};
    buf_printf(out, "| `%s` | %s | ", o->key, type_name(o->type));
    if (!option_required(o)) {
        value_default_write(o, &words);
        buf_printf(out, "`%s`", buf_string(&words));
    } else {
        buf_str(out, "required");
    }
    buf_reset(&words);
    value_allowed(o, &words);
    buf_str(out, " | ");
    documents_cell(buf_string(&words), out);
    if (reloads) buf_printf(out, " | %s", o->flags & RELOAD ? "reload" : "restart");
    buf_str(out, " | ");
    documents_cell(o->doc, out);
    buf_str(out, " |\n");
    buf_release(&words);
}

void config_markdown(struct buf *out) {
    buf_str(out, docs_head);
    for (size_t i = 0, section = 0; i < OPTIONS; i++) {
        if (!i || !same_section(&option_rows[i], &option_rows[i - 1])) {
            const struct section *s = &section_rows[section++];
            buf_printf(out, "\n## %s\n\n%s\n\n", s->name, s->doc);
            buf_str(out, "| key | type | default | allowed | changed by | what for "
                         "|\n|---|---|---|---|---|---|\n");
        }
        documents_row(&option_rows[i], true, out);
    }
    buf_printf(out, "\n## features\n\n%s\n\n", features_doc);
    buf_str(out, "| key | type | default | allowed | what for |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < FEATURE_KEYS; i++) documents_row(&feature_rows[i], false, out);
    buf_str(out, "\n## Kafka properties that winnowd sets itself\n\nThese are refused under "
                 "`kafka.common`, `kafka.consumer` and `kafka.producer`.\n\n"
                 "| property | why |\n|---|---|\n");
    for (size_t i = 0; i < OWNED_ROWS; i++)
        buf_printf(out, "| `%s` | %s |\n", owned_rows[i].key, owned_rows[i].why);
}

/* Text as comment lines, broken between words. */
static void documents_comment(const char *indent, const char *text, struct buf *out) {
    size_t column = 0;
    while (*text) {
        size_t n = strcspn(text, " ");
        if (column && column + 1 + n > COMMENT_WIDTH) {
            buf_str(out, "\n");
            column = 0;
        }
        if (!column) {
            buf_printf(out, "%s#", indent);
            column = strlen(indent) + 1;
        }
        buf_printf(out, " %.*s", (int)n, text);
        column += n + 1;
        text += n + strspn(text + n, " ");
    }
    buf_str(out, "\n");
}

static void documents_option_comment(const struct option *o, const char *indent, struct buf *out) {
    struct buf b = {0};
    documents_comment(indent, o->doc, out);
    buf_printf(&b, "(%s: ", type_name(o->type));
    value_allowed(o, &b);
    if (option_required(o)) buf_str(&b, "; required");
    if (o->flags & RELOAD) buf_str(&b, "; reload");
    buf_str(&b, ")");
    documents_comment(indent, buf_string(&b), out);
    buf_release(&b);
}

/* All is commented out, required keys with an example: a copy that nobody has touched is refused.
 */
static void documents_option(const struct option *o, const char *indent, const char *example,
                             struct buf *out) {
    documents_option_comment(o, indent, out);
    buf_printf(out, "%s#%s: ", indent, o->key);
    if (example) buf_str(out, example);
    else value_default_write(o, out);
    buf_str(out, "\n");
}

static const char template_head[] =
    "# winnowd's configuration: every option, what it is for, and its default behind a '#'. To "
    "change one, remove the '#'.\n"
    "# Nothing of it starts a service as it stands: model.classes and features have no default.\n"
    "# Generated from the options table; docs/OPTIONS.md has the same as tables. Try it: winnowd "
    "check -c FILE\n"
    "# \"reload\": SIGHUP puts a changed value in force; all others need a restart.\n";

/* The first entry shows every key. */
static void documents_features(struct buf *out) {
    buf_str(out, "\n");
    documents_comment("", features_doc, out);
    buf_str(out, "features:\n");
    for (size_t i = 0; i < FEATURE_KEYS; i++) {
        buf_str(out, i ? "" : "  #-\n");
        documents_option(&feature_rows[i], "    ",
                         option_required(&feature_rows[i]) ? "amount" : NULL, out);
    }
    buf_str(out, "  #- name: country\n"
                 "    #path: /card/country\n"
                 "    #type: category\n"
                 "    #values: [DE, FR, NL]\n");
}

void config_template(struct buf *out) {
    buf_str(out, template_head);
    for (size_t i = 0, section = 0; i < OPTIONS; i++) {
        const struct option *o = &option_rows[i];
        if (!i || !same_section(o, o - 1)) {
            const struct section *s = &section_rows[section++];
            buf_str(out, "\n");
            documents_comment("", s->doc, out);
            buf_printf(out, "%s:\n", s->name);
        }
        documents_option(o, "  ", option_required(o) ? "[good, fraud]" : NULL, out);
    }
    documents_features(out);
}
