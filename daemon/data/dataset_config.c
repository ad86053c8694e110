/* A configuration that suits a file: one pass over all rows, then YAML.
 *
 * What is remembered of a column is bounded: its first cell, and up to NAMES_MOST texts (of more
 * than WIDE columns, no more than a list holds). Columns that say nothing are left out: those that
 * never change, and texts that name the row because hardly any two rows share one. Every text is
 * quoted, so that no name or value can be taken for YAML. Thread: any thread (one owner at a
 * time) */
#include "config/limits.h"
#include "dataset_columns.h"
#include "value_counts.h"

enum {
    LIST_MOST = 50,
    NAMES_MOST = 1000,
    WIDE = 1000,
    VALUE_BYTES = 255,
    HASH_COLUMNS = 64,
    NAME_BYTES = 128
};

static const double few = 0.05; // of a thousand rows: a category of ten thousand values, which 64
                                // columns could not tell apart either

struct profile {
    bool any, empty, varies, listed; // listed: each value can stand in a list
    uint64_t texts;                  // that were tallied
    struct buf first;                // the first cell that is not empty, with a NUL behind it
    struct tally values;
};

/* ---- the pass ---- */

static bool has_control(struct text t) {
    for (size_t i = 0; i < t.len; i++)
        if ((unsigned char)t.at[i] < 0x20 || t.at[i] == 0x7F) return true;
    return false;
}

/* Whether a cell that is not empty says the same as the first did; 1 and 1.0 are one number. */
static bool same_cell(const struct profile *p, bool number, const struct cell *c, struct text raw) {
    if (text_equal(buf_view(&p->first), raw)) return true;
    struct cell first = cell_read(buf_view(&p->first));
    return number && first.kind == CELL_NUMBER && c->kind == CELL_NUMBER &&
           first.number == c->number;
}

static void dataset_config_take_value(struct profile *p, struct text raw) {
    p->listed &= raw.len <= VALUE_BYTES && !has_control(raw) && text_is_utf8(raw);
    if (!p->listed || p->values.over) return;
    tally_add(&p->values, raw);
    p->texts += !p->values.over;
}

static void take_cell(struct profile *p, const struct column *column, struct text raw) {
    if (p->varies && column->number && raw.len && raw.at[0] >= '+' && raw.at[0] <= '9')
        return; // a number that is one of many: nothing new
    struct cell c = column_cell(column, raw);
    p->empty |= c.kind == CELL_EMPTY;
    if (c.kind == CELL_EMPTY) return;
    if (!p->any) {
        buf_text(&p->first, raw);
        buf_string(&p->first);
    }
    p->any = true;
    if (!p->varies) p->varies = !same_cell(p, column->number, &c, raw);
    if (!column->number) dataset_config_take_value(p, raw);
}

static int dataset_config_take_label(const struct dataset *d, struct tally *classes,
                                     struct text label, uint64_t row, struct buf *why) {
    if (cell_read(label).kind == CELL_EMPTY) return 0;
    if (label.len > VALUE_BYTES || has_control(label) || !text_is_utf8(label)) {
        buf_printf(why, "%s: row %llu has a label that is not one line of text of at most %d bytes",
                   d->file, (unsigned long long)row, VALUE_BYTES);
        return ERR_INPUT;
    }
    tally_add(classes, label);
    if (!classes->over) return 0;
    buf_printf(why,
               "%s: column \"%s\" has more than %d different labels; is it a number to predict?",
               d->file, d->label->name.at, CLASSES_MAX);
    return ERR_INPUT;
}

static int read_rows(const struct dataset *d, struct csv *csv, struct profile *profiles,
                     struct tally *classes, struct buf *why) {
    const struct text *cells;
    int result = 1;
    for (uint64_t row = 1;
         (!d->limit || row <= d->limit) && (result = csv_next(csv, &cells, why)) == 1; row++) {
        TRY(dataset_config_take_label(d, classes, cells[d->label - d->column], row, why));
        for (size_t i = 0; i < d->columns; i++)
            if (d->column[i].role == COLUMN_FEATURE)
                take_cell(&profiles[i], &d->column[i], cells[i]);
    }
    return result < 0 ? result : 0;
}

/* ---- YAML ---- */

/* Characters that YAML does not hold as they are, or takes for the end of a line. */
static bool is_special(unsigned point) {
    return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x2028 || point == 0x2029 ||
           point == 0xFEFF || point == 0xFFFE || point == 0xFFFF;
}

static unsigned dataset_config_code_point(const char *at, size_t n) {
    unsigned point = (unsigned char)at[0] & (n == 1 ? 0x7F : 0xFF >> (n + 1));
    for (size_t i = 1; i < n; i++) point = point << 6 | ((unsigned char)at[i] & 0x3F);
    return point;
}

/* text: UTF-8. */
static void dataset_config_write_quoted(struct text text, struct buf *yaml) {
    buf_str(yaml, "\"");
    for (size_t n; text.len; text = (struct text){text.at + n, text.len - n}) {
        n = text_utf8(text);
        CHECK(n);
        unsigned point = dataset_config_code_point(text.at, n);
        if (is_special(point)) buf_printf(yaml, "\\u%04X", point);
        else if (point == '"' || point == '\\') buf_printf(yaml, "\\%c", (int)point);
        else buf_add(yaml, text.at, n);
    }
    buf_str(yaml, "\"");
}

static void dataset_config_write_list(struct tally *t, struct buf *yaml) {
    tally_sort(t);
    buf_str(yaml, "[");
    for (size_t i = 0; i < t->n; i++) {
        if (i) buf_str(yaml, ", ");
        dataset_config_write_quoted(text_of(t->at[i].text), yaml);
    }
    buf_str(yaml, "]\n");
}

static void write_path(const char *key, struct text name, struct buf *yaml) {
    struct buf pointer = {0};
    pointer_write(name, &pointer);
    buf_str(yaml, key);
    dataset_config_write_quoted(buf_view(&pointer), yaml);
    buf_str(yaml, "\n");
    buf_release(&pointer);
}

static void write_feature(const struct column *c, struct profile *p, struct buf *yaml) {
    buf_str(yaml, "  - name: ");
    dataset_config_write_quoted(c->name, yaml);
    buf_str(yaml, "\n");
    write_path("    path: ", c->name, yaml);
    buf_printf(yaml, "    type: %s\n", c->number ? "number" : "category");
    if (!c->number && p->listed && p->values.n <= LIST_MOST) {
        buf_str(yaml, "    values: ");
        dataset_config_write_list(&p->values, yaml);
    } else if (!c->number) {
        buf_printf(yaml, "    hash: %d\n", HASH_COLUMNS);
    }
    if (p->empty) buf_str(yaml, "    missing: true\n");
}

/* Why no feature is made of it; NULL: one is. */
static const char *dataset_config_useless(const struct column *c, const struct profile *p) {
    if (!p->any) return "is empty";
    if (!p->varies && !p->empty) return "never changes";
    bool names = p->listed && p->values.most == NAMES_MOST && p->values.n > LIST_MOST &&
                 (double)p->values.n >= (1 - few) * (double)p->texts;
    return !c->number && names ? "hardly any two rows share a value" : NULL;
}

static int write_features(struct dataset *d, struct profile *profiles, struct buf *yaml,
                          struct buf *why) {
    size_t n = 0;
    buf_str(yaml, "features:\n");
    for (size_t i = 0; i < d->columns; i++) {
        const struct column *c = &d->column[i];
        struct profile *p = &profiles[i];
        const char *reason = dataset_config_useless(c, p);
        if (c->role != COLUMN_FEATURE) continue;
        if (reason) {
            buf_printf(&d->left_out, "%s%s (%s)", d->left_out.len ? ", " : "", c->name.at, reason);
            continue;
        }
        if (c->name.len > NAME_BYTES || has_control(c->name)) {
            buf_printf(
                why,
                "%s: column %zu has a name that a feature cannot have (1 to %d bytes, one line)",
                d->file, i + 1, NAME_BYTES);
            return ERR_INPUT;
        }
        write_feature(c, p, yaml);
        n++;
    }
    if (n) return 0;
    buf_printf(why, "%s: no column but the label says anything; there is nothing to learn from",
               d->file);
    if (d->left_out.len) buf_printf(why, ": %s", buf_string(&d->left_out));
    return ERR_INPUT;
}

static const struct tally_entry *find_class(const struct tally *classes, const char *name) {
    for (size_t i = 0; i < classes->n; i++)
        if (strcmp(classes->at[i].text, name) == 0) return &classes->at[i];
    return NULL;
}

static int refuse_class(const struct dataset *d, const struct tally *classes, struct buf *why) {
    struct buf choices = {0};
    for (size_t i = 0; i < classes->n; i++)
        buf_printf(&choices, "%s%s", i ? "|" : "", classes->at[i].text);
    int result = refuse_unknown(d->file, "class", text_of(d->positive), buf_string(&choices), why);
    buf_release(&choices);
    return result;
}

static int write_model(const struct dataset *d, struct tally *classes, struct buf *yaml,
                       struct buf *why) {
    if (classes->n < CLASSES_MIN) {
        buf_printf(why, "%s: column \"%s\" has %zu different label%s; a model needs two or more",
                   d->file, d->label->name.at, classes->n, classes->n == 1 ? "" : "s");
        return ERR_INPUT;
    }
    buf_str(yaml, "model:\n  classes: ");
    dataset_config_write_list(classes, yaml);
    bool first = classes->n == 2 && classes->at[0].count < classes->at[1].count;
    const struct tally_entry *positive =
        d->positive ? find_class(classes, d->positive) : &classes->at[first ? 0 : classes->n - 1];
    if (!positive) return refuse_class(d, classes, why);
    buf_str(yaml, "  positive: ");
    dataset_config_write_quoted(text_of(positive->text), yaml);
    buf_str(yaml, "\n");
    return 0;
}

static int write_all(struct dataset *d, struct profile *profiles, struct tally *classes,
                     struct buf *yaml, struct buf *why) {
    buf_str(yaml, "admit:\n");
    write_path("  id: ", d->id ? d->id->name : TEXT("row"), yaml);
    TRY(write_model(d, classes, yaml, why));
    return write_features(d, profiles, yaml, why);
}

int dataset_config(struct dataset *d, struct buf *yaml, struct buf *why) {
    if (!d->csv || !d->label) {
        buf_printf(why, "%s: a configuration can be made only from CSV with a label column",
                   d->file);
        return ERR_INPUT;
    }
    struct csv *csv = NULL; // a second reader: the first may be in the middle of the file
    struct tally classes = {.most = CLASSES_MAX};
    struct profile *profiles = xcalloc(d->columns, sizeof *profiles);
    for (size_t i = 0; i < d->columns; i++)
        profiles[i] = (struct profile){
            .listed = true, .values.most = d->columns > WIDE ? LIST_MOST + 1 : NAMES_MOST};
    buf_reset(&d->left_out);
    size_t before = yaml->len;
    int result = csv_open(&csv, d->file, why);
    if (result == 0) result = read_rows(d, csv, profiles, &classes, why);
    if (result == 0) result = write_all(d, profiles, &classes, yaml, why);
    if (result < 0) yaml->len = before;
    for (size_t i = 0; i < d->columns; i++) {
        buf_release(&profiles[i].first);
        tally_release(&profiles[i].values);
    }
    tally_release(&classes);
    free(profiles);
    csv_close(csv);
    return result;
}

const char *dataset_left_out(struct dataset *d) { return buf_string(&d->left_out); }
