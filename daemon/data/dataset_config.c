/* A configuration that suits a file: one pass over all rows, then YAML.
 *
 * Every text is quoted, so that no name or value can be taken for YAML. Columns from which nothing
 * can be learned are left out (daemon/data/column_profile.c).
 *
 * Thread: any thread (one owner at a time) */
#include "base/json.h"
#include "config/config.h"
#include "config/limits.h"
#include "dataset_private.h"
#include "json_columns.h"

#include <math.h>

enum {
    LIST_MOST = 50,    // distinct texts of a category that is listed; more are hashed
    NAMES_MOST = 1000, // distinct texts that are kept, to see whether rows share them
    WIDE = 1000,       // columns of a file of which less is kept
    HASH_COLUMNS = 64, // that a hashed category gets
    NAME_BYTES = 128,  // of a feature's name, as include/config/features.def allows
    FEW_ROWS = 20,     // a class of fewer rows is remarked
    RARE_SHOWN = 3,    // such classes that are remarked one by one
    FEW_SHARE = 100    // if it is also less than one row in so many
};

/* What becomes a feature. */
struct feature_plan {
    const char *name, *type; // type "number", "category", "boolean"
    struct text pointer;
    struct column_profile *profile;
    const char *left_out; // why it becomes none; else NULL
    bool parse;           // a number that may stand in a text
    enum table_cell_style style;
    struct value_counts *nulls; // with parse: texts that stand for a missing number
};

struct feature_plans {
    struct feature_plan *at; // (n)
    size_t n;
    struct arena arena;    // of pointers
    struct name_set names; // of fields
};

static void feature_plans_release(struct feature_plans *p) {
    free(p->at);
    arena_release(&p->arena);
    name_set_release(&p->names);
}

static void feature_plans_add(struct feature_plans *p, struct feature_plan plan) {
    if ((p->n & (p->n - 1)) == 0) p->at = xrealloc(p->at, (p->n ? 2 * p->n : 1) * sizeof *p->at);
    p->at[p->n++] = plan;
}

/* ---- labels ---- */

static int dataset_config_take_label(const struct dataset *d, struct value_counts *classes,
                                     struct text label, uint64_t row, struct buf *why) {
    if (!label.at) return 0;
    if (label.len > CLASS_BYTES_MAX || column_profile_has_control(label) || !text_is_utf8(label)) {
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

/* ---- the pass over CSV ---- */

static void dataset_config_take_cell(struct column_profile *p, const struct dataset_column *column,
                                     struct text raw) {
    if (p->varies && !p->counts && column->number && raw.len && raw.at[0] >= '0' &&
        raw.at[0] <= '9') // a sign may be a word for a missing number
        return;           // of a number in a column that varies there is nothing to learn any more
    struct table_cell c = dataset_cell(column, raw);
    p->empty |= c.kind == CELL_EMPTY;
    if (c.kind == CELL_EMPTY) return;
    if (column->number) column_profile_number(p, c.number);
    else column_profile_text(p, raw);
}

static int dataset_config_read_rows(struct dataset *d, struct csv *csv,
                                    struct column_profile *profiles, struct value_counts *classes,
                                    struct buf *why) {
    const struct text *cells;
    int result = 1;
    for (uint64_t row = 1;
         (!d->limit || row <= d->limit) && (result = csv_next(csv, &cells, why)) == 1; row++) {
        struct text label = dataset_label(d, cells[d->label - d->column], csv_line(csv));
        TRY(dataset_config_take_label(d, classes, label, row, why));
        for (size_t i = 0; i < d->columns; i++)
            if (d->column[i].role == COLUMN_FEATURE)
                dataset_config_take_cell(&profiles[i], &d->column[i], cells[i]);
    }
    return result < 0 ? result : 0;
}

static void dataset_config_plan_columns(struct dataset *d, struct column_profile *profiles,
                                        struct feature_plans *plans) {
    for (size_t i = 0; i < d->columns; i++) {
        struct dataset_column *c = &d->column[i];
        struct buf pointer = {0};
        const char *text = column_profile_times(&profiles[i]) ? "time" : "category";
        if (c->role != COLUMN_FEATURE) continue;
        dataset_names_pointer(c->name, &pointer);
        if (!c->number) dataset_remark_texts(d, c->name.at, &profiles[i]);
        feature_plans_add(plans, (struct feature_plan){
                                     .name = c->name.at,
                                     .type = c->number ? "number" : text,
                                     .pointer = arena_text(&plans->arena, buf_view(&pointer)),
                                     .profile = &profiles[i],
                                     .parse = c->number && c->cells.words.n > 0,
                                     .style = c->style,
                                     .nulls = &c->cells.words,
                                     .left_out = column_profile_useless(&profiles[i], c->number)});
        buf_release(&pointer);
    }
}

/* ---- the pass over JSON ---- */

static int dataset_config_take_event(const struct dataset *d, const struct dataset_sample *s,
                                     struct json_columns *columns, struct arena *arena,
                                     const struct json_columns_row *row, struct buf *why) {
    cJSON *tree = json_parse(s->event, arena);
    const char *twice = NULL;
    int result = cJSON_IsObject(tree) ? json_columns_take(columns, tree, row, &twice) : ERR_INPUT;
    cJSON_Delete(tree);
    if (result == ERR_FULL)
        buf_printf(why, "%s: its events have more than %d fields", d->file, JSON_COLUMNS_MOST);
    else if (twice)
        buf_printf(why, "%s: row %llu has the field \"%s\" twice", d->file,
                   (unsigned long long)s->row, twice);
    else if (result < 0)
        buf_printf(why, "%s: row %llu is no JSON object", d->file, (unsigned long long)s->row);
    return result < 0 ? ERR_INPUT : 0;
}

static int dataset_config_read_events(struct dataset *d, struct json_lines *json,
                                      struct json_columns *columns, struct value_counts *classes,
                                      struct buf *why) {
    struct dataset_sample s;
    struct arena arena = {0};
    struct buf id = {0};
    int result = 1;
    if (d->id_name) dataset_names_pointer(text_of(d->id_name), &id);
    for (uint64_t row = 1; (!d->limit || row <= d->limit) && result == 1; row++) {
        result = json_lines_next(json, &s, why);
        if (result <= 0) break;
        struct text label = dataset_label(d, s.label, json_lines_line(json));
        const struct json_columns_row about = {.skip = id.len ? buf_view(&id) : (struct text){0},
                                               .line = json_lines_line(json),
                                               .class_ = -1};
        int taken = dataset_config_take_label(d, classes, label, s.row, why);
        if (taken == 0) taken = dataset_config_take_event(d, &s, columns, &arena, &about, why);
        if (taken < 0) result = taken;
        arena_reset(&arena);
    }
    arena_release(&arena);
    buf_release(&id);
    return result < 0 ? result : 0;
}

/* "a.b" is also the name of the field b in a. */
static const char *dataset_config_field_name(struct dataset *d, struct name_set *names,
                                             const struct json_column *c) {
    const char *name = name_set_take(names, text_of(c->name)).at;
    if (strcmp(name, c->name) != 0)
        dataset_remark(d, "two fields are called \"%s\": the one at %s is \"%s\" here", c->name,
                       c->pointer, name);
    return name;
}

/* Why nothing is learned from a field; NULL: something is. */
static const char *dataset_config_leaves_out(const struct json_column *c,
                                             const struct feature_plan *plan,
                                             enum json_column_type type) {
    if (c->nameless) return "has no name";
    if (type == JSON_LIST) return "is a list";
    if (type == JSON_COLUMN_TYPES && c->profile.any && !plan->parse) return "is of several types";
    return column_profile_useless(&c->profile, plan->parse || type != JSON_TEXT);
}

static struct feature_plan dataset_config_plan_field(struct json_column *c, int lean) {
    static const char *const types[JSON_COLUMN_TYPES] = {
        [JSON_NUMBER] = "number", [JSON_TEXT] = "category", [JSON_BOOLEAN] = "boolean"};
    enum json_column_type type = json_column_type(c);
    struct feature_plan plan = {.type = type < JSON_LIST ? types[type] : "",
                                .pointer = text_of(c->pointer),
                                .profile = &c->profile,
                                .nulls = &c->cells.words};
    plan.parse = json_column_parses(c, lean, &plan.style);
    if (plan.parse) {
        plan.type = "number";
        c->profile.empty |= c->cells.empty || c->cells.missing || c->cells.text;
    } else if (type == JSON_TEXT && column_profile_times(&c->profile)) {
        plan.type = "time";
    }
    plan.left_out = dataset_config_leaves_out(c, &plan, type);
    return plan;
}

static void dataset_config_plan_fields(struct dataset *d, struct json_columns *columns,
                                       struct feature_plans *plans) {
    int lean = 0;
    json_columns_end(columns);
    for (size_t i = 0; i < columns->n; i++) lean += number_cells_lean(&columns->at[i].cells);
    for (size_t i = 0; i < columns->n; i++) {
        struct json_column *c = &columns->at[i];
        struct feature_plan plan = dataset_config_plan_field(c, lean);
        plan.name = dataset_config_field_name(d, &plans->names, c);
        if (!c->rows[JSON_BOOLEAN] && !c->rows[JSON_LIST] && c->cells.quantity)
            dataset_remark_cells(d, plan.name, &c->cells, plan.style);
        if (!plan.parse && !c->profile.numbers) dataset_remark_texts(d, plan.name, &c->profile);
        feature_plans_add(plans, plan);
    }
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

static void dataset_config_write_path(const char *key, struct text pointer, struct buf *yaml) {
    buf_str(yaml, key);
    config_quote(pointer, yaml);
    buf_str(yaml, "\n");
}

static void dataset_config_write_parse(const struct feature_plan *f, struct buf *yaml) {
    buf_str(yaml, "    parse: true\n");
    if (f->style == CELL_COMMA) buf_str(yaml, "    decimal: \",\"\n");
    if (!f->nulls->n) return;
    buf_str(yaml, "    null_values: ");
    dataset_config_write_list(f->nulls, yaml);
}

static void dataset_config_write_feature(const struct feature_plan *f, struct buf *yaml) {
    buf_str(yaml, "  - name: ");
    config_quote(text_of(f->name), yaml);
    buf_str(yaml, "\n");
    dataset_config_write_path("    path: ", f->pointer, yaml);
    buf_printf(yaml, "    type: %s\n", f->type);
    if (f->parse) dataset_config_write_parse(f, yaml);
    bool category = strcmp(f->type, "category") == 0;
    if (category && column_profile_lists(f->profile, LIST_MOST)) {
        buf_str(yaml, "    values: ");
        dataset_config_write_list(&f->profile->values, yaml);
    } else if (category) {
        buf_printf(yaml, "    hash: %d\n", HASH_COLUMNS);
    }
    if (f->profile->empty) buf_str(yaml, "    missing: true\n");
}

/* Where nothing else is left to learn from, the rows' order is something. */
static void dataset_config_keep_one(struct feature_plans *plans) {
    for (size_t i = 0; i < plans->n; i++)
        if (!plans->at[i].left_out) return;
    for (size_t i = 0; i < plans->n; i++)
        if (plans->at[i].left_out == column_profile_numbers_rows) plans->at[i].left_out = NULL;
}

static int dataset_config_write_features(struct dataset *d, const struct feature_plans *plans,
                                         struct buf *yaml, struct buf *why) {
    size_t n = 0;
    buf_str(yaml, "features:\n");
    for (size_t i = 0; i < plans->n; i++) {
        const struct feature_plan *f = &plans->at[i];
        if (f->left_out) {
            if (d->left_out.len) buf_str(&d->left_out, ", ");
            buf_shown(&d->left_out, text_of(f->name));
            buf_printf(&d->left_out, " (%s)", f->left_out);
            continue;
        }
        if (strlen(f->name) > NAME_BYTES || column_profile_has_control(text_of(f->name))) {
            buf_printf(
                why,
                "%s: column %zu has a name that a feature cannot have (1 to %d bytes, one line)",
                d->file, i + 1, NAME_BYTES);
            return ERR_INPUT;
        }
        dataset_config_write_feature(f, yaml);
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

enum {
    NUMBERS_MOST = 30,    // classes that are numbers, before they look like something to predict
    FRACTIONS_LEAST = 10, // of them with a fraction: the same
    ROWS_A_CLASS = 20     // that a class of a real file has on the mean
};

/* Whether the classes are the values of a number to predict. */
static bool dataset_config_is_measure(const struct value_counts *classes) {
    size_t fractions = 0, rows = 0;
    for (size_t i = 0; i < classes->n; i++) {
        struct table_cell c = table_cell_read(text_of(classes->at[i].text), CELL_POINT);
        if (c.kind != CELL_NUMBER) return false;
        fractions += c.number != floor(c.number);
        rows += classes->at[i].count;
    }
    return (fractions >= FRACTIONS_LEAST && 2 * fractions > classes->n) ||
           (classes->n > NUMBERS_MOST && rows < ROWS_A_CLASS * classes->n);
}

/* Columns that slipped in a few rows show as classes that nobody has heard of. */
static bool dataset_config_is_rare(const struct value_counts *classes, size_t i, uint64_t rows) {
    uint64_t count = classes->at[i].count;
    return classes->n > 2 && count < FEW_ROWS && count * FEW_SHARE < rows;
}

/* Many rare classes are those of the task: one line says so. */
static void dataset_config_remark_many_rare(struct dataset *d, const struct value_counts *classes,
                                            size_t rare, uint64_t rows) {
    struct buf few = {0};
    for (size_t i = 0, n = 0; i < classes->n && n < RARE_SHOWN; i++)
        if (dataset_config_is_rare(classes, i, rows))
            buf_printf(&few, "%s\"%s\" (%llu)", n++ ? ", " : "", classes->at[i].text,
                       (unsigned long long)classes->at[i].count);
    dataset_remark(
        d,
        "%zu of %zu labels have fewer than %d of %llu rows each, as %s: are they labels, "
        "or have cells slipped there?",
        rare, classes->n, FEW_ROWS, (unsigned long long)rows, buf_string(&few));
    buf_release(&few);
}

static void dataset_config_remark_rare(struct dataset *d, const struct value_counts *classes) {
    uint64_t rows = 0;
    size_t rare = 0;
    for (size_t i = 0; i < classes->n; i++) rows += classes->at[i].count;
    for (size_t i = 0; i < classes->n; i++) rare += dataset_config_is_rare(classes, i, rows);
    if (rare > RARE_SHOWN) {
        dataset_config_remark_many_rare(d, classes, rare, rows);
        return;
    }
    for (size_t i = 0; i < classes->n; i++)
        if (dataset_config_is_rare(classes, i, rows))
            dataset_remark(d,
                           "only %llu of %llu rows have the label \"%s\": is it one, or have "
                           "cells slipped there?",
                           (unsigned long long)classes->at[i].count, (unsigned long long)rows,
                           classes->at[i].text);
}

static int dataset_config_write_model(struct dataset *d, struct value_counts *classes,
                                      struct buf *yaml, struct buf *why) {
    if (classes->n < CLASSES_MIN) {
        buf_printf(why, "%s: column \"%s\" has %zu different label%s; a model needs two or more",
                   d->file, d->label_name, classes->n, classes->n == 1 ? "" : "s");
        return ERR_INPUT;
    }
    if (dataset_config_is_measure(classes)) {
        buf_printf(why,
                   "%s: column \"%s\" has %zu different numbers for labels; is it a number to "
                   "predict? winnowd tells classes apart: make some of it first (small, large)",
                   d->file, d->label_name, classes->n);
        return ERR_INPUT;
    }
    dataset_config_remark_rare(d, classes);
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

static int dataset_config_write(struct dataset *d, const struct feature_plans *plans,
                                struct value_counts *classes, struct buf *yaml, struct buf *why) {
    struct buf id = {0};
    dataset_names_pointer(d->id_name ? text_of(d->id_name) : TEXT("row"), &id);
    buf_str(yaml, "admit:\n");
    dataset_config_write_path("  id: ", buf_view(&id), yaml);
    buf_release(&id);
    TRY(dataset_config_write_model(d, classes, yaml, why));
    return dataset_config_write_features(d, plans, yaml, why);
}

/* ---- both ---- */

static int dataset_config_of_csv(struct dataset *d, struct value_counts *classes, struct buf *yaml,
                                 struct buf *why) {
    struct csv *csv = NULL; // a second reader: the first may be in the middle of the file
    struct feature_plans plans = {0};
    struct column_profile *profiles = xcalloc(d->columns, sizeof *profiles);
    const struct csv_options options = dataset_csv_options(d);
    for (size_t i = 0; i < d->columns; i++)
        column_profile_begin(&profiles[i], d->columns > WIDE ? LIST_MOST + 1 : NAMES_MOST);
    int result = csv_open(&csv, d->file, &options, why);
    if (result == 0) result = dataset_config_read_rows(d, csv, profiles, classes, why);
    if (result == 0) {
        dataset_config_plan_columns(d, profiles, &plans);
        dataset_config_keep_one(&plans);
        result = dataset_config_write(d, &plans, classes, yaml, why);
    }
    for (size_t i = 0; i < d->columns; i++) column_profile_release(&profiles[i]);
    free(profiles);
    feature_plans_release(&plans);
    csv_close(csv);
    return result;
}

static int dataset_config_of_json(struct dataset *d, struct value_counts *classes, struct buf *yaml,
                                  struct buf *why) {
    struct json_lines *json = NULL;
    struct json_columns columns = {0};
    struct feature_plans plans = {0};
    const struct dataset_options options = {
        .file = d->file, .label = d->label_name, .id = d->id_name, .drop = d->drop};
    int result = json_lines_open(&json, &options, why);
    if (result == 0) result = dataset_config_read_events(d, json, &columns, classes, why);
    if (result == 0) {
        dataset_config_plan_fields(d, &columns, &plans);
        dataset_config_keep_one(&plans);
        result = dataset_config_write(d, &plans, classes, yaml, why);
    }
    json_columns_release(&columns);
    feature_plans_release(&plans);
    json_lines_close(json);
    return result;
}

int dataset_config(struct dataset *d, struct buf *yaml, struct buf *why) {
    if (!d->label_name) {
        buf_printf(why, "%s: a configuration can be made only with a label (--label)", d->file);
        return ERR_INPUT;
    }
    struct value_counts classes = {.most = CLASSES_MAX};
    buf_reset(&d->left_out);
    size_t before = yaml->len;
    int result = d->csv ? dataset_config_of_csv(d, &classes, yaml, why)
                        : dataset_config_of_json(d, &classes, yaml, why);
    if (result < 0) yaml->len = before;
    value_counts_release(&classes);
    return result;
}

const char *dataset_left_out(struct dataset *d) { return buf_string(&d->left_out); }
