/* A list of columns in the order in which they were first met, searched from where the last event
 * was left.
 *
 * Thread: any thread (one owner at a time) */
#include "json_columns.h"

#include "dataset_names.h"

enum {
    NESTING_MOST = 32, // objects in objects that are looked into
    TEXTS_MOST = 1000  // distinct texts of a column that are kept
};

/* Where a walk stands: the names of the objects around it. */
struct json_path {
    struct buf name, pointer;
    bool nameless;
};

/* What one walk is for. */
struct column_walk {
    const struct json_columns_row *row;
    const char *twice; // the field that was met a second time
};

static size_t json_columns_find(struct json_columns *c, const char *pointer) {
    for (size_t i = 0; i < c->n; i++) {
        size_t at = (c->next + i) % c->n;
        if (strcmp(c->at[at].pointer, pointer) == 0) return at;
    }
    return c->n;
}

static struct json_column *json_columns_add(struct json_columns *c, struct json_path *path) {
    if ((c->n & (c->n - 1)) == 0) c->at = xrealloc(c->at, (c->n ? 2 * c->n : 1) * sizeof *c->at);
    struct json_column *one = &c->at[c->n++];
    *one = (struct json_column){.name = xstrdup(buf_string(&path->name)),
                                .pointer = xstrdup(buf_string(&path->pointer)),
                                .nameless = path->nameless};
    column_profile_begin(&one->profile, TEXTS_MOST);
    number_cells_begin(&one->cells);
    return one;
}

/* What the value is as a cell of a table, having counted it as one. */
static struct table_cell json_columns_cell(struct json_column *one, const cJSON *value,
                                           uint64_t line) {
    if (cJSON_IsString(value)) {
        column_profile_text(&one->profile, text_of(value->valuestring));
        return number_cells_take(&one->cells, text_of(value->valuestring), line);
    }
    double number = cJSON_IsNumber(value) ? value->valuedouble : cJSON_IsTrue(value);
    column_profile_number(&one->profile, number);
    if (cJSON_IsNumber(value)) number_cells_take_number(&one->cells, number);
    return (struct table_cell){.kind = CELL_NUMBER, .number = number};
}

/* JSON_COLUMN_TYPES: null. */
static enum json_column_type json_columns_type(const cJSON *value) {
    if (cJSON_IsNull(value)) return JSON_COLUMN_TYPES;
    if (cJSON_IsNumber(value)) return JSON_NUMBER;
    if (cJSON_IsString(value)) return JSON_TEXT;
    return cJSON_IsBool(value) ? JSON_BOOLEAN : JSON_LIST;
}

static void json_columns_note(struct json_column *one, const cJSON *value,
                              const struct json_columns_row *row) {
    const enum json_column_type type = json_columns_type(value);
    struct table_cell cell = {.kind = CELL_EMPTY};
    if (type == JSON_COLUMN_TYPES) one->profile.empty = true;
    else one->rows[type]++;
    if (type < JSON_LIST) cell = json_columns_cell(one, value, row->line);
    one->tell.most = row->tell_most;
    label_tell_take(&one->tell, &cell, row->class_);
}

static int json_columns_field(struct json_columns *c, const cJSON *value, struct json_path *path,
                              struct column_walk *walk) {
    if (walk->row->skip.at && text_equal(buf_view(&path->pointer), walk->row->skip)) return 0;
    size_t at = json_columns_find(c, buf_string(&path->pointer));
    if (at == JSON_COLUMNS_MOST) return ERR_FULL;
    struct json_column *one = at < c->n ? &c->at[at] : json_columns_add(c, path);
    if (one->row == c->rows) {
        walk->twice = one->name;
        return ERR_MISMATCH;
    }
    one->row = c->rows;
    json_columns_note(one, value, walk->row);
    c->next = (size_t)(one - c->at) + 1;
    return 0;
}

static int json_columns_walk(struct json_columns *c, const cJSON *object, struct json_path *path,
                             struct column_walk *walk, int depth) {
    const struct json_path before = *path;
    const cJSON *item;
    cJSON_ArrayForEach(item, object) {
        buf_printf(&path->name, "%s%s", depth ? "." : "", item->string);
        dataset_names_pointer(text_of(item->string), &path->pointer);
        path->nameless |= !*item->string;
        int result = cJSON_IsObject(item) && depth < NESTING_MOST
                         ? json_columns_walk(c, item, path, walk, depth + 1)
                         : json_columns_field(c, item, path, walk);
        path->name.len = before.name.len;
        path->pointer.len = before.pointer.len;
        path->nameless = before.nameless;
        TRY(result);
    }
    return 0;
}

int json_columns_take(struct json_columns *c, const cJSON *event,
                      const struct json_columns_row *row, const char **twice) {
    struct json_path path = {0};
    struct column_walk walk = {.row = row};
    c->rows++;
    c->next = 0;
    int result = json_columns_walk(c, event, &path, &walk, 0);
    *twice = walk.twice;
    buf_release(&path.name);
    buf_release(&path.pointer);
    return result;
}

void json_columns_end(struct json_columns *c) {
    for (size_t i = 0; i < c->n; i++) {
        uint64_t there = 0;
        for (size_t t = 0; t < JSON_COLUMN_TYPES; t++) there += c->at[i].rows[t];
        c->at[i].profile.empty |= there < c->rows;
    }
}

void json_columns_release(struct json_columns *c) {
    for (size_t i = 0; i < c->n; i++) {
        free(c->at[i].name);
        free(c->at[i].pointer);
        column_profile_release(&c->at[i].profile);
        number_cells_release(&c->at[i].cells);
        label_tell_release(&c->at[i].tell);
    }
    free(c->at);
    *c = (struct json_columns){0};
}

enum json_column_type json_column_type(const struct json_column *c) {
    enum json_column_type type = JSON_COLUMN_TYPES;
    size_t types = 0;
    for (size_t t = 0; t < JSON_COLUMN_TYPES; t++) {
        if (!c->rows[t]) continue;
        type = (enum json_column_type)t;
        types++;
    }
    return types == 1 ? type : JSON_COLUMN_TYPES;
}

/* Texts alone that are whole numbers may be codes: 10115 is where somebody lives. */
bool json_column_parses(const struct json_column *c, int lean, enum table_cell_style *style) {
    *style = number_cells_style(&c->cells, lean);
    return c->rows[JSON_TEXT] && !c->rows[JSON_BOOLEAN] && !c->rows[JSON_LIST] &&
           number_cells_numbers(&c->cells, *style) && c->cells.quantity &&
           number_cells_are_numbers(&c->cells, *style);
}
