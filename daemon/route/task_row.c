/* The row of a task. A feature that is hashed into half a million columns fills one of them: a list
 * of them all is larger than a record may be, and says nothing that place and value do not say. So
 * a wide row is written sparse where that is shorter:
 *
 *   [12.5,0,1]                                       dense
 *   {"columns":600000,"at":[0,77],"value":[12.5,1]}  sparse: places ascend, all else is 0
 *
 * Every bit is kept, the sign of a zero too. Memory in reading is bounded by COLUMNS_MAX, whatever
 * number stands there (promise I11).
 *
 * Thread: workers write; learner, oracle and command line read */
#include "task_row.h"

#include "config/limits.h"

#include <math.h>

enum {
    ZERO_BYTES = 2,   // "0," of a list
    SPARSE_BYTES = 40 // what stands around places and values
};

/* ---- writing ---- */

static bool task_row_is_zero(double x) { return x == 0 && !signbit(x); }

static size_t task_row_digits(size_t n) {
    size_t digits = 1;
    while (n /= 10) digits++;
    return digits;
}

/* Whether places cost less than the zeros that they stand for. */
static bool task_row_sparse(const double *row, size_t d) {
    size_t places = SPARSE_BYTES, zeros = 0;
    if (d < TASK_ROW_WIDE) return false;
    for (size_t i = 0; i < d; i++) {
        if (task_row_is_zero(row[i])) zeros += ZERO_BYTES;
        else places += task_row_digits(i) + 1;
    }
    return places < zeros;
}

/* buf_double drops the sign of a zero. */
static void task_row_add(struct buf *out, double x) {
    if (x == 0 && signbit(x)) buf_str(out, "-0");
    else buf_double(out, x);
}

static void task_row_write_sparse(struct buf *out, const double *row, size_t d) {
    const char *comma = "";
    buf_printf(out, "{\"columns\":%zu,\"at\":[", d);
    for (size_t i = 0; i < d; i++) {
        if (task_row_is_zero(row[i])) continue;
        buf_str(out, comma);
        buf_i64(out, (int64_t)i);
        comma = ",";
    }
    buf_str(out, "],\"value\":[");
    comma = "";
    for (size_t i = 0; i < d; i++) {
        if (task_row_is_zero(row[i])) continue;
        buf_str(out, comma);
        task_row_add(out, row[i]);
        comma = ",";
    }
    buf_str(out, "]}");
}

void task_row_write(struct buf *out, const double *row, size_t d) {
    if (task_row_sparse(row, d)) {
        task_row_write_sparse(out, row, d);
        return;
    }
    buf_str(out, "[");
    for (size_t i = 0; i < d; i++) {
        if (i) buf_str(out, ",");
        task_row_add(out, row[i]);
    }
    buf_str(out, "]");
}

/* ---- reading ---- */

size_t task_row_length(const cJSON *list) {
    size_t n = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, list) n++;
    return n;
}

bool task_row_numbers(const cJSON *list, size_t n, double *out) {
    const cJSON *item;
    size_t i = 0;
    cJSON_ArrayForEach(item, list) {
        if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble) || i == n) return false;
        out[i++] = item->valuedouble;
    }
    return cJSON_IsArray(list) && i == n;
}

/* Puts the values, (n), into their places of a row that is all 0. */
static bool task_row_place(const cJSON *places, const double *value, size_t n, double *row,
                           size_t d) {
    const cJSON *item;
    size_t i = 0;
    double before = -1;
    cJSON_ArrayForEach(item, places) {
        double place = item->valuedouble;
        if (!cJSON_IsNumber(item) || i == n) return false;
        if (!(place > before) || place >= (double)d || place != floor(place)) return false;
        row[(size_t)place] = value[i++];
        before = place;
    }
    return cJSON_IsArray(places) && i == n;
}

static bool task_row_read_sparse(const cJSON *row, const double **out, size_t *d,
                                 struct arena *arena) {
    const cJSON *places = cJSON_GetObjectItemCaseSensitive(row, "at"),
                *values = cJSON_GetObjectItemCaseSensitive(row, "value");
    int64_t columns;
    if (!json_integer(row, "columns", &columns) || columns < 0 || columns > COLUMNS_MAX)
        return false;
    size_t n = task_row_length(values);
    double *value = arena_take(arena, n * sizeof *value);
    double *all = arena_take(arena, (size_t)columns * sizeof *all);
    memset(all, 0, (size_t)columns * sizeof *all);
    *out = all;
    *d = (size_t)columns;
    return task_row_numbers(values, n, value) && task_row_place(places, value, n, all, *d);
}

bool task_row_read(const cJSON *row, const double **out, size_t *d, struct arena *arena) {
    if (cJSON_IsObject(row)) return task_row_read_sparse(row, out, d, arena);
    *d = task_row_length(row);
    if (*d > COLUMNS_MAX) return false;
    double *all = arena_take(arena, *d * sizeof *all);
    *out = all;
    return task_row_numbers(row, *d, all);
}
