/* A configuration that suits a file: one pass over all rows, then YAML.
 *
 * What is kept of a column is bounded: its first cell, and up to NAMES_MOST distinct texts (in a
 * file of more than WIDE columns, one more than a list holds). Columns from which nothing can be
 * learned are left out: those that never change, and texts that hardly any two rows share, such as
 * names. Every text is quoted, so that no name or value can be taken for YAML.
 *
 * Thread: any thread (one owner at a time) */
#include "config/config.h"
#include "config/limits.h"
#include "dataset_private.h"
#include "value_counts.h"

enum {
    LIST_MOST = 50,    // distinct texts of a category that is listed; more are hashed
    NAMES_MOST = 1000, // distinct texts that are kept, to see whether rows share them
    WIDE = 1000,       // columns of a file of which less is kept
    VALUE_BYTES = 255, // of a category's value, as include/config/features.def allows
    HASH_COLUMNS = 64, // that a hashed category gets
    NAME_BYTES = 128   // of a feature's name, as include/config/features.def allows
};

/* A column of texts is left out when less than this share of its rows repeats a text. Such a
 * category has so many values that HASH_COLUMNS could not tell them apart either. */
static const double repeats_least = 0.05;

struct dataset_config_column {
    bool any;         // a cell is not empty
    bool empty;       // a cell is empty
    bool varies;      // two cells that are not empty differ
    bool listed;      // each text so far may stand in a list of values
    uint64_t texts;   // that were counted
    struct buf first; // the first cell that is not empty, with a NUL behind it
    struct value_counts values;
};

/* ---- the pass ---- */

static bool dataset_config_has_control(struct text t) {
    for (size_t i = 0; i < t.len; i++)
        if ((unsigned char)t.at[i] < 0x20 || t.at[i] == 0x7F) return true;
    return false;
}

/* Whether a cell that is not empty equals the first; 1 and 1.0 are the same number. */
static bool dataset_config_same_cell(const struct dataset_config_column *p, bool number,
                                     const struct table_cell *c, struct text raw) {
    if (text_equal(buf_view(&p->first), raw)) return true;
    struct table_cell first = table_cell_read(buf_view(&p->first));
    return number && first.kind == CELL_NUMBER && c->kind == CELL_NUMBER &&
           first.number == c->number;
}

static void dataset_config_take_value(struct dataset_config_column *p, struct text raw) {
    p->listed &= raw.len <= VALUE_BYTES && !dataset_config_has_control(raw) && text_is_utf8(raw);
    if (!p->listed || p->values.over) return;
    value_counts_add(&p->values, raw);
    p->texts += !p->values.over;
}

static void dataset_config_take_cell(struct dataset_config_column *p,
                                     const struct dataset_column *column, struct text raw) {
    if (p->varies && column->number && raw.len && raw.at[0] >= '+' && raw.at[0] <= '9')
        return; // of a number in a column that varies there is nothing to learn any more
    struct table_cell c = dataset_cell(column, raw);
    p->empty |= c.kind == CELL_EMPTY;
    if (c.kind == CELL_EMPTY) return;
    if (!p->any) {
        buf_text(&p->first, raw);
        buf_string(&p->first);
    }
    p->any = true;
    if (!p->varies) p->varies = !dataset_config_same_cell(p, column->number, &c, raw);
    if (!column->number) dataset_config_take_value(p, raw);
}

static int dataset_config_take_label(const struct dataset *d, struct value_counts *classes,
                                     struct text label, uint64_t row, struct buf *why) {
    if (table_cell_read(label).kind == CELL_EMPTY) return 0;
    if (label.len > CLASS_BYTES_MAX || dataset_config_has_control(label) || !text_is_utf8(label)) {
        buf_printf(why, "%s: row %llu has a label that is not one line of text of at most %d bytes",
                   d->file, (unsigned long long)row, CLASS_BYTES_MAX);
        return ERR_INPUT;
    }
    value_counts_add(classes, label);
    if (!classes->over) return 0;
    buf_printf(why,
               "%s: column \"%s\" has more than %d different labels; is it a number to predict?",
               d->file, d->label->name.at, CLASSES_MAX);
    return ERR_INPUT;
}

static int dataset_config_read_rows(const struct dataset *d, struct csv *csv,
                                    struct dataset_config_column *profiles,
                                    struct value_counts *classes, struct buf *why) {
    const struct text *cells;
    int result = 1;
    for (uint64_t row = 1;
         (!d->limit || row <= d->limit) && (result = csv_next(csv, &cells, why)) == 1; row++) {
        TRY(dataset_config_take_label(d, classes, cells[d->label - d->column], row, why));
        for (size_t i = 0; i < d->columns; i++)
            if (d->column[i].role == COLUMN_FEATURE)
                dataset_config_take_cell(&profiles[i], &d->column[i], cells[i]);
    }
    return result < 0 ? result : 0;
}

/* ---- YAML ---- */

static void dataset_config_write_list(struct value_counts *t, struct buf *yaml) {
    value_counts_sort(t);
    buf_str(yaml, "[");
    for (size_t i = 0; i < t->n; i++) {
        if (i) buf_str(yaml, ", ");
        config_quote(text_of(t->at[i].text), yaml);
    }
    buf_str(yaml, "]\n");
}

static void dataset_config_write_path(const char *key, struct text name, struct buf *yaml) {
    struct buf pointer = {0};
    dataset_names_pointer(name, &pointer);
    buf_str(yaml, key);
    config_quote(buf_view(&pointer), yaml);
    buf_str(yaml, "\n");
    buf_release(&pointer);
}

static void dataset_config_write_feature(const struct dataset_column *c,
                                         struct dataset_config_column *p, struct buf *yaml) {
    buf_str(yaml, "  - name: ");
    config_quote(c->name, yaml);
    buf_str(yaml, "\n");
    dataset_config_write_path("    path: ", c->name, yaml);
    buf_printf(yaml, "    type: %s\n", c->number ? "number" : "category");
    if (!c->number && p->listed && p->values.n <= LIST_MOST) {
        buf_str(yaml, "    values: ");
        dataset_config_write_list(&p->values, yaml);
    } else if (!c->number) {
        buf_printf(yaml, "    hash: %d\n", HASH_COLUMNS);
    }
    if (p->empty) buf_str(yaml, "    missing: true\n");
}

/* Why no feature is made of the column; NULL: one is. */
static const char *dataset_config_useless(const struct dataset_column *c,
                                          const struct dataset_config_column *p) {
    if (!p->any) return "is empty";
    if (!p->varies && !p->empty) return "never changes";
    bool names = p->listed && p->values.most == NAMES_MOST && p->values.n > LIST_MOST &&
                 (double)p->values.n >= (1 - repeats_least) * (double)p->texts;
    return !c->number && names ? "hardly any two rows share a value" : NULL;
}

static int dataset_config_write_features(struct dataset *d, struct dataset_config_column *profiles,
                                         struct buf *yaml, struct buf *why) {
    size_t n = 0;
    buf_str(yaml, "features:\n");
    for (size_t i = 0; i < d->columns; i++) {
        const struct dataset_column *c = &d->column[i];
        struct dataset_config_column *p = &profiles[i];
        const char *reason = dataset_config_useless(c, p);
        if (c->role != COLUMN_FEATURE) continue;
        if (reason) {
            buf_printf(&d->left_out, "%s%s (%s)", d->left_out.len ? ", " : "", c->name.at, reason);
            continue;
        }
        if (c->name.len > NAME_BYTES || dataset_config_has_control(c->name)) {
            buf_printf(
                why,
                "%s: column %zu has a name that a feature cannot have (1 to %d bytes, one line)",
                d->file, i + 1, NAME_BYTES);
            return ERR_INPUT;
        }
        dataset_config_write_feature(c, p, yaml);
        n++;
    }
    if (n) return 0;
    buf_printf(why, "%s: no column but the label says anything; there is nothing to learn from",
               d->file);
    if (d->left_out.len) buf_printf(why, ": %s", buf_string(&d->left_out));
    return ERR_INPUT;
}

static const struct value_count *dataset_config_find_class(const struct value_counts *classes,
                                                           const char *name) {
    for (size_t i = 0; i < classes->n; i++)
        if (strcmp(classes->at[i].text, name) == 0) return &classes->at[i];
    return NULL;
}

static int dataset_config_refuse_class(const struct dataset *d, const struct value_counts *classes,
                                       struct buf *why) {
    struct buf choices = {0};
    for (size_t i = 0; i < classes->n; i++)
        buf_printf(&choices, "%s%s", i ? "|" : "", classes->at[i].text);
    int result =
        dataset_names_refuse(d->file, "class", text_of(d->positive), buf_string(&choices), why);
    buf_release(&choices);
    return result;
}

static int dataset_config_write_model(const struct dataset *d, struct value_counts *classes,
                                      struct buf *yaml, struct buf *why) {
    if (classes->n < CLASSES_MIN) {
        buf_printf(why, "%s: column \"%s\" has %zu different label%s; a model needs two or more",
                   d->file, d->label->name.at, classes->n, classes->n == 1 ? "" : "s");
        return ERR_INPUT;
    }
    buf_str(yaml, "model:\n  classes: ");
    dataset_config_write_list(classes, yaml);
    bool first = classes->n == 2 && classes->at[0].count < classes->at[1].count;
    const struct value_count *positive = &classes->at[first ? 0 : classes->n - 1];
    if (d->positive) positive = dataset_config_find_class(classes, d->positive);
    if (!positive) return dataset_config_refuse_class(d, classes, why);
    buf_str(yaml, "  positive: ");
    config_quote(text_of(positive->text), yaml);
    buf_str(yaml, "\n");
    return 0;
}

static int dataset_config_write(struct dataset *d, struct dataset_config_column *profiles,
                                struct value_counts *classes, struct buf *yaml, struct buf *why) {
    buf_str(yaml, "admit:\n");
    dataset_config_write_path("  id: ", d->id ? d->id->name : TEXT("row"), yaml);
    TRY(dataset_config_write_model(d, classes, yaml, why));
    return dataset_config_write_features(d, profiles, yaml, why);
}

int dataset_config(struct dataset *d, struct buf *yaml, struct buf *why) {
    if (!d->csv || !d->label) {
        buf_printf(why, "%s: a configuration can be made only from CSV with a label column",
                   d->file);
        return ERR_INPUT;
    }
    struct csv *csv = NULL; // a second reader: the first may be in the middle of the file
    struct value_counts classes = {.most = CLASSES_MAX};
    struct dataset_config_column *profiles = xcalloc(d->columns, sizeof *profiles);
    for (size_t i = 0; i < d->columns; i++)
        profiles[i] = (struct dataset_config_column){
            .listed = true, .values.most = d->columns > WIDE ? LIST_MOST + 1 : NAMES_MOST};
    buf_reset(&d->left_out);
    size_t before = yaml->len;
    int result = csv_open(&csv, d->file, why);
    if (result == 0) result = dataset_config_read_rows(d, csv, profiles, &classes, why);
    if (result == 0) result = dataset_config_write(d, profiles, &classes, yaml, why);
    if (result < 0) yaml->len = before;
    for (size_t i = 0; i < d->columns; i++) {
        buf_release(&profiles[i].first);
        value_counts_release(&profiles[i].values);
    }
    value_counts_release(&classes);
    free(profiles);
    csv_close(csv);
    return result;
}

const char *dataset_left_out(struct dataset *d) { return buf_string(&d->left_out); }
