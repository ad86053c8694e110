/* Lines from a source; label and id by the daemon's own decoder, so that they are what it would
 * read.
 *
 * What must not be in the event is cut out of its bytes, and then the decoder is asked again: a
 * second member of that name, or one written with escapes, is refused rather than shown to the
 * model. Thread: any thread (one owner at a time) */
#include "json_lines.h"

#include "admit/decoder.h"
#include "base/json.h"
#include "dataset_columns.h"
#include "gzip_file.h"

enum { LINE_BYTES = 16 << 20, DEPTH = 500 };

struct jsonl {
    struct source *source;
    struct decoder *decoder; // NULL: nothing is asked for
    char **out;              // (out_n) members to cut out: the label first, if there is one
    size_t out_n;
    bool label, id;
    struct value *values; // those of out, then the id
    struct buf line, event, kept;
    uint64_t row, line_number;
};

static int jsonl_refuse(const struct jsonl *j, struct buf *why, const char *what,
                        const char *name) {
    buf_printf(why, "%s: row %llu (line %llu) %s%s", j->source->name, (unsigned long long)j->row,
               (unsigned long long)j->line_number, what, name);
    return ERR_INPUT;
}

static void add_out(struct jsonl *j, struct text name) {
    j->out = xrealloc(j->out, (j->out_n + 1) * sizeof *j->out);
    j->out[j->out_n++] = xasprintf("%.*s", (int)name.len, name.at);
}

static int jsonl_make_decoder(struct jsonl *j, const char *id) {
    size_t n = j->out_n + j->id;
    if (!n) return 0;
    struct buf *pointers = xcalloc(n, sizeof *pointers);
    struct text *paths = xcalloc(n, sizeof *paths);
    for (size_t i = 0; i < n; i++) {
        pointer_write(text_of(i < j->out_n ? j->out[i] : id), &pointers[i]);
        paths[i] = buf_view(&pointers[i]);
    }
    int result = decoder_create(
        &j->decoder, &(struct decoder_options){
                         .paths = paths, .n = n, .max_depth = DEPTH, .max_bytes = LINE_BYTES});
    for (size_t i = 0; i < n; i++) buf_release(&pointers[i]);
    free(pointers);
    free(paths);
    j->values = xcalloc(n, sizeof *j->values);
    return result;
}

/* A misspelled label would otherwise look like a file without labels. */
static int look_for_label(struct jsonl *j, const struct dataset_options *o, struct buf *why) {
    struct dataset_sample s = {0};
    int result = 1;
    for (uint64_t i = 0;
         i < DATASET_SCAN && (!o->limit || i < o->limit) && !s.label.at && result == 1; i++)
        result = jsonl_next(j, &s, why);
    if (result < 0) return result;
    if (!s.label.at) {
        buf_printf(why, "%s: none of the first rows has a member \"%s\"", o->file, o->label);
        return ERR_INPUT;
    }
    j->row = 0;
    return source_rewind(j->source, why);
}

int jsonl_open(struct jsonl **out, const struct dataset_options *o, struct buf *why) {
    struct jsonl *j = xcalloc(1, sizeof *j);
    j->label = o->label != NULL;
    j->id = o->id != NULL;
    if (o->label) add_out(j, text_of(o->label));
    struct text name;
    for (struct text rest = text_of(o->drop); drop_next(&rest, &name);) add_out(j, name);
    int result = source_open(&j->source, o->file, why);
    if (result == 0) result = jsonl_make_decoder(j, o->id);
    if (result == 0 && o->label) result = look_for_label(j, o, why);
    if (result < 0) {
        jsonl_close(j);
        return result;
    }
    *out = j;
    return 0;
}

void jsonl_close(struct jsonl *j) {
    if (!j) return;
    source_close(j->source);
    decoder_destroy(j->decoder);
    for (size_t i = 0; i < j->out_n; i++) free(j->out[i]);
    free(j->out);
    free(j->values);
    buf_release(&j->line);
    buf_release(&j->event);
    buf_release(&j->kept);
    free(j);
}

static bool jsonl_is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* One line, without its end; 0: there is none. */
static int jsonl_read_line(struct jsonl *j, struct buf *why) {
    static const bool stops[256] = {['\n'] = true};
    buf_reset(&j->line);
    j->line_number = j->source->line;
    int byte;
    while ((byte = source_peek(j->source)) != SOURCE_END && byte != '\n') {
        source_run(j->source, stops, &j->line);
        if (j->line.len > LINE_BYTES) return jsonl_refuse(j, why, "is longer than 16 MiB", "");
    }
    if (byte == SOURCE_END) {
        TRY(source_finish(j->source, why));
        return j->line.len > 0;
    }
    source_skip(j->source);
    if (j->line.len && j->line.at[j->line.len - 1] == '\r') j->line.len--;
    return 1;
}

static bool jsonl_blank(const struct buf *line) {
    for (size_t i = 0; i < line->len; i++)
        if (!jsonl_is_space(line->at[i])) return false;
    return true;
}

/* Where the opening quote of the name is: json_member finds only names that stand as they are. */
static const char *name_start(const char *value, const char *name) {
    const char *p = value - 1;
    while (*p != ':') p--;
    while (*p != '"') p--;
    return p - strlen(name) - 1;
}

/* Cuts the member out of the event, with the comma behind it, or else the one before. */
static void jsonl_cut(struct buf *event, const char *name) {
    struct text value = json_member(buf_view(event), name);
    if (!value.at) return;
    const char *from = name_start(value.at, name), *to = value.at + value.len, *before = from - 1;
    while (jsonl_is_space(*to)) to++;
    while (jsonl_is_space(*before)) before--;
    if (*to == ',') to++;
    else if (*before == ',') from = before;
    size_t rest = (size_t)(event->at + event->len - to);
    event->len = (size_t)(from - event->at) + rest;
    memmove(event->at + event->len - rest, to, rest);
}

/* The text of a label or id that is kept beside the event; at NULL: absent or null. */
static struct text jsonl_keep(struct jsonl *j, const struct value *v) {
    struct text text =
        v->kind == VALUE_BOOL ? v->number != 0 ? TEXT("true") : TEXT("false") : v->text;
    if (v->kind == VALUE_MISSING || v->kind == VALUE_NULL || !text.len) return (struct text){0};
    char *at = buf_room(&j->kept, text.len);
    memcpy(at, text.at, text.len);
    j->kept.len += text.len;
    return (struct text){at, text.len};
}

static bool jsonl_is_integer(const struct value *v) {
    return v->kind == VALUE_NUMBER && strcspn(v->text.at, ".eE,]} \t\r\n") >= v->text.len;
}

static int take_asked(struct jsonl *j, struct dataset_sample *out, struct buf *why) {
    enum reason fault = decoder_read(j->decoder, buf_view(&j->line), j->values);
    if (fault) return jsonl_refuse(j, why, "cannot be read: ", reason_text(fault));
    buf_reset(&j->kept);
    buf_room(&j->kept, j->line.len); // both fit, so neither moves
    if (j->label) {
        if (j->values[0].kind == VALUE_OTHER)
            return jsonl_refuse(j, why, "has an object or array as its label", "");
        out->label = jsonl_keep(j, &j->values[0]);
    }
    if (j->id) {
        const struct value *v = &j->values[j->out_n];
        if (v->kind != VALUE_TEXT && !jsonl_is_integer(v))
            return jsonl_refuse(j, why, "has no id that is a string or an integer", "");
        out->id = jsonl_keep(j, v);
        if (!out->id.at) return jsonl_refuse(j, why, "has an empty id", "");
    }
    return 0;
}

static int cut_all(struct jsonl *j, struct buf *why) {
    buf_reset(&j->event);
    buf_text(&j->event, buf_view(&j->line));
    for (size_t i = 0; i < j->out_n; i++) jsonl_cut(&j->event, j->out[i]);
    CHECK(decoder_read(j->decoder, buf_view(&j->event), j->values) != REASON_NOT_JSON);
    for (size_t i = 0; i < j->out_n; i++)
        if (j->values[i].kind != VALUE_MISSING)
            return jsonl_refuse(j, why, "has twice, or writes with escapes, the member ",
                                j->out[i]);
    return 0;
}

int jsonl_next(struct jsonl *j, struct dataset_sample *out, struct buf *why) {
    int more;
    j->row++;
    do more = jsonl_read_line(j, why);
    while (more == 1 && jsonl_blank(&j->line));
    if (more <= 0) return more;
    *out = (struct dataset_sample){.event = buf_view(&j->line), .row = j->row};
    if (j->decoder) TRY(take_asked(j, out, why));
    if (j->out_n) {
        TRY(cut_all(j, why));
        out->event = buf_view(&j->event);
    }
    return 1;
}
