/* Lines of a file; label and id are read by the daemon's own decoder, so they are what the daemon
 * would read.
 *
 * The label and the dropped members are cut out of the event's bytes, and then the decoder reads
 * the event again: if it still finds such a member (a second one of that name, or a name written
 * with escapes), the row is refused, because the model must never see the label.
 *
 * Thread: any thread (one owner at a time) */
#include "json_lines.h"

#include "admit/decoder.h"
#include "base/json.h"
#include "base/word_list.h"
#include "dataset_names.h"
#include "gzip_file.h"

enum {
    LINE_BYTES = 16 << 20, // bytes of a line at most: memory stays bounded (promise I11)
    DEPTH = 500            // nesting that is read; more than any event has
};

struct json_lines {
    struct gzip_file *file;
    struct decoder *decoder; // NULL: nothing of a line is asked for
    char **cut; // (cut_n) names of members to cut out: the label first, if there is one
    size_t cut_n;
    bool label, id;
    struct value *values; // those of cut, then the id
    struct buf line, event, kept;
    uint64_t row, line_number;
    bool array; // the file is one array
    bool ended; // its bracket was read
};

static int json_lines_refuse(const struct json_lines *j, struct buf *why, const char *what,
                             const char *name) {
    buf_printf(why, "%s: row %llu (line %llu) %s%s", j->file->name, (unsigned long long)j->row,
               (unsigned long long)j->line_number, what, name);
    return ERR_INPUT;
}

static void json_lines_leave_out(struct json_lines *j, struct text name) {
    j->cut = xrealloc(j->cut, (j->cut_n + 1) * sizeof *j->cut);
    j->cut[j->cut_n++] = xasprintf("%.*s", (int)name.len, name.at);
}

static int json_lines_make_decoder(struct json_lines *j, const char *id) {
    size_t n = j->cut_n + j->id;
    if (!n) return 0;
    struct buf *pointers = xcalloc(n, sizeof *pointers);
    struct text *paths = xcalloc(n, sizeof *paths);
    for (size_t i = 0; i < n; i++) {
        dataset_names_pointer(text_of(i < j->cut_n ? j->cut[i] : id), &pointers[i]);
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

/* The names are those of one row. */
static int json_lines_no_label(const struct dataset_options *o, struct text event,
                               struct buf *why) {
    cJSON *row = event.at ? cJSON_ParseWithLength(event.at, event.len) : NULL, *member;
    struct buf names = {0};
    cJSON_ArrayForEach(member, row) if (member->string)
        buf_printf(&names, "%s%s", names.len ? "|" : "", member->string);
    struct text near = word_list_nearest(buf_string(&names), text_of(o->label));
    buf_printf(why, "%s: none of the first rows has a member \"%s\"", o->file, o->label);
    if (near.at) buf_printf(why, "; did you mean \"%.*s\"?", (int)near.len, near.at);
    buf_release(&names);
    cJSON_Delete(row);
    return ERR_INPUT;
}

/* Reads on until a row has the label: a misspelt name would otherwise look like a file without
 * labels. */
static int json_lines_expect_label(struct json_lines *j, const struct dataset_options *o,
                                   struct buf *why) {
    struct dataset_sample s = {0};
    int result = 1;
    for (uint64_t i = 0;
         i < DATASET_SCAN_ROWS && (!o->limit || i < o->limit) && !s.label.at && result == 1; i++)
        result = json_lines_next(j, &s, why);
    if (result < 0) return result;
    if (!s.label.at) return json_lines_no_label(o, s.event, why);
    return json_lines_rewind(j, why);
}

static void json_lines_look(struct json_lines *j) {
    int byte = gzip_file_peek(j->file);
    const size_t at = j->file->at;
    while (byte != GZIP_FILE_END && json_is_space((char)byte) && j->file->at + 1 < j->file->n) {
        gzip_file_skip(j->file);
        byte = gzip_file_peek(j->file);
    }
    j->array = byte == '[';
    if (j->array) gzip_file_skip(j->file);
    else j->file->at = at; // a line is handed on as it stands
    j->file->line = 1;
}

int json_lines_rewind(struct json_lines *j, struct buf *why) {
    j->row = 0;
    j->ended = false;
    TRY(gzip_file_rewind(j->file, why));
    json_lines_look(j);
    return 0;
}

int json_lines_open(struct json_lines **out, const struct dataset_options *o, struct buf *why) {
    struct json_lines *j = xcalloc(1, sizeof *j);
    j->label = o->label != NULL;
    j->id = o->id != NULL;
    if (o->label) json_lines_leave_out(j, text_of(o->label));
    struct text name;
    for (struct text rest = text_of(o->drop); dataset_names_next(&rest, &name);)
        json_lines_leave_out(j, name);
    int result = gzip_file_open(&j->file, o->file, why);
    if (result == 0) json_lines_look(j);
    if (result == 0) result = json_lines_make_decoder(j, o->id);
    if (result == 0 && o->label) result = json_lines_expect_label(j, o, why);
    if (result < 0) {
        json_lines_close(j);
        return result;
    }
    *out = j;
    return 0;
}

void json_lines_close(struct json_lines *j) {
    if (!j) return;
    gzip_file_close(j->file);
    decoder_destroy(j->decoder);
    for (size_t i = 0; i < j->cut_n; i++) free(j->cut[i]);
    free(j->cut);
    free(j->values);
    buf_release(&j->line);
    buf_release(&j->event);
    buf_release(&j->kept);
    free(j);
}

uint64_t json_lines_line(const struct json_lines *j) { return j->line_number; }

/* The next line into j->line, without its end. 1: read; 0: there is none; ERR_ with *why. */
static int json_lines_read_line(struct json_lines *j, struct buf *why) {
    static const bool stops[256] = {['\n'] = true};
    buf_reset(&j->line);
    j->line_number = j->file->line;
    int byte;
    while ((byte = gzip_file_peek(j->file)) != GZIP_FILE_END && byte != '\n') {
        gzip_file_take(j->file, stops, &j->line);
        if (j->line.len > LINE_BYTES) return json_lines_refuse(j, why, "is longer than 16 MiB", "");
    }
    if (byte == GZIP_FILE_END) {
        TRY(gzip_file_finish(j->file, why));
        return j->line.len > 0;
    }
    gzip_file_skip(j->file);
    if (j->line.len && j->line.at[j->line.len - 1] == '\r') j->line.len--;
    return 1;
}

/* ---- elements of an array ---- */

static int json_lines_skip_spaces(struct json_lines *j) {
    int byte;
    while ((byte = gzip_file_peek(j->file)) != GZIP_FILE_END && json_is_space((char)byte))
        gzip_file_skip(j->file);
    return byte;
}

/* What is open at a byte of an element. */
struct json_nesting {
    size_t depth;
    bool string, escaped;
};

static void json_lines_nest(struct json_nesting *n, char byte) {
    if (n->escaped) n->escaped = false;
    else if (n->string && byte == '\\') n->escaped = true;
    else if (byte == '"') n->string = !n->string;
    else if (!n->string && (byte == '{' || byte == '[')) n->depth++;
    else if (!n->string && (byte == '}' || byte == ']')) n->depth--;
}

/* The bytes up to the comma or bracket behind the element. */
static int json_lines_take_element(struct json_lines *j, struct buf *why) {
    struct json_nesting n = {0};
    for (int byte; (byte = gzip_file_peek(j->file)) != GZIP_FILE_END;) {
        if (!n.depth && !n.string && (byte == ',' || byte == ']')) return 1;
        if (j->line.len > LINE_BYTES) return json_lines_refuse(j, why, "is longer than 16 MiB", "");
        if (!n.depth && !n.string && byte == '}')
            return json_lines_refuse(j, why, "closes a bracket that is not open", "");
        json_lines_nest(&n, (char)byte);
        buf_add(&j->line, &(char){(char)byte}, 1);
        gzip_file_skip(j->file);
    }
    TRY(gzip_file_finish(j->file, why));
    return json_lines_refuse(j, why, "ends inside: the array's bracket is missing", "");
}

/* Nothing may follow the closing bracket. */
static int json_lines_end_array(struct json_lines *j, struct buf *why) {
    gzip_file_skip(j->file);
    if (json_lines_skip_spaces(j) != GZIP_FILE_END)
        return json_lines_refuse(j, why, "follows behind the end of the array", "");
    j->ended = true;
    return gzip_file_finish(j->file, why);
}

/* The next element into j->line. 1: read; 0: the array ended; ERR_ with *why. */
static int json_lines_read_element(struct json_lines *j, struct buf *why) {
    if (j->ended) return 0;
    buf_reset(&j->line);
    int byte = json_lines_skip_spaces(j);
    if (byte == ',' && j->row > 1) {
        gzip_file_skip(j->file);
        byte = json_lines_skip_spaces(j);
        if (byte == ']') return json_lines_refuse(j, why, "is missing behind a comma", "");
    }
    j->line_number = j->file->line;
    if (byte == ',') return json_lines_refuse(j, why, "is empty", "");
    if (byte == ']') return json_lines_end_array(j, why);
    return json_lines_take_element(j, why);
}

static bool json_lines_blank(const struct buf *line) {
    for (size_t i = 0; i < line->len; i++)
        if (!json_is_space(line->at[i])) return false;
    return true;
}

/* The opening quote of the member's name. json_member finds only names written without escapes, so
 * the name takes as many bytes as it has. */
static const char *json_lines_name_start(const char *value, const char *name) {
    const char *p = value - 1;
    while (*p != ':') p--;
    while (*p != '"') p--;
    return p - strlen(name) - 1;
}

/* Cuts the member out of the event, with the comma behind it, or else the one before. */
static void json_lines_cut(struct buf *event, const char *name) {
    struct text value = json_member(buf_view(event), name);
    if (!value.at) return;
    const char *from = json_lines_name_start(value.at, name), *to = value.at + value.len,
               *before = from - 1;
    while (json_is_space(*to)) to++;
    while (json_is_space(*before)) before--;
    if (*to == ',') to++;
    else if (*before == ',') from = before;
    size_t rest = (size_t)(event->at + event->len - to);
    event->len = (size_t)(from - event->at) + rest;
    memmove(event->at + event->len - rest, to, rest);
}

/* The text of a label or id that is kept beside the event; at NULL: absent or null. */
static struct text json_lines_keep(struct json_lines *j, const struct value *v) {
    struct text text = v->text;
    if (v->kind == VALUE_BOOL) text = v->number != 0 ? TEXT("true") : TEXT("false");
    if (v->kind == VALUE_MISSING || v->kind == VALUE_NULL || !text.len) return (struct text){0};
    char *at = buf_room(&j->kept, text.len);
    memcpy(at, text.at, text.len);
    j->kept.len += text.len;
    return (struct text){at, text.len};
}

static bool json_lines_is_integer(const struct value *v) {
    return v->kind == VALUE_NUMBER && strcspn(v->text.at, ".eE,]} \t\r\n") >= v->text.len;
}

static int json_lines_take_asked(struct json_lines *j, struct dataset_sample *out,
                                 struct buf *why) {
    enum reason fault = decoder_read(j->decoder, buf_view(&j->line), j->values);
    if (fault) return json_lines_refuse(j, why, "cannot be read: ", reason_text(fault));
    buf_reset(&j->kept);
    buf_room(&j->kept,
             j->line.len); // room for both at once, so keeping the id does not move the label
    if (j->label) {
        if (j->values[0].kind == VALUE_OTHER)
            return json_lines_refuse(j, why, "has an object or array as its label", "");
        out->label = json_lines_keep(j, &j->values[0]);
    }
    if (j->id) {
        const struct value *v = &j->values[j->cut_n];
        if (v->kind != VALUE_TEXT && !json_lines_is_integer(v))
            return json_lines_refuse(j, why, "has no id that is a string or an integer", "");
        out->id = json_lines_keep(j, v);
        if (!out->id.at) return json_lines_refuse(j, why, "has an empty id", "");
    }
    return 0;
}

static int json_lines_cut_all(struct json_lines *j, struct buf *why) {
    buf_reset(&j->event);
    buf_text(&j->event, buf_view(&j->line));
    for (size_t i = 0; i < j->cut_n; i++) json_lines_cut(&j->event, j->cut[i]);
    CHECK(decoder_read(j->decoder, buf_view(&j->event), j->values) != REASON_NOT_JSON);
    for (size_t i = 0; i < j->cut_n; i++)
        if (j->values[i].kind != VALUE_MISSING)
            return json_lines_refuse(j, why, "has twice, or writes with escapes, the member ",
                                     j->cut[i]);
    return 0;
}

int json_lines_next(struct json_lines *j, struct dataset_sample *out, struct buf *why) {
    int more;
    j->row++;
    do more = j->array ? json_lines_read_element(j, why) : json_lines_read_line(j, why);
    while (more == 1 && !j->array && json_lines_blank(&j->line));
    if (more <= 0) return more;
    *out = (struct dataset_sample){.event = buf_view(&j->line), .row = j->row};
    if (j->decoder) TRY(json_lines_take_asked(j, out, why));
    if (j->cut_n) {
        TRY(json_lines_cut_all(j, why));
        out->event = buf_view(&j->event);
    }
    return 1;
}
