/* A record that is no JSON is often something well known: compressed, or written by a serialiser
 * with a header. Such are told by their first bytes. Else the strict check runs again, and its
 * place is told with what other languages write there.
 *
 * Thread: any thread */
#include "admit/found.h"

#include "base/error.h"
#include "base/framing.h"
#include "base/table_cell.h"
#include "json_check.h"

enum {
    NUMBER_BYTES = 64, // of a text that may be a number
    BYTE_NAME = 16     // "byte 0xE9"
};

struct found_beginning {
    struct text bytes;
    const char *name;
};

static const struct found_beginning beginnings[] = {
    {TEXT("\x1F\x8B"), "gzip"},
    {TEXT("\x28\xB5\x2F\xFD"), "zstd"},
    {TEXT("\x04\x22\x4D\x18"), "lz4"},
    {TEXT("\xFF\x06\x00\x00sNaPpY"), "snappy"},
    {TEXT("\x82SNAPPY"), "snappy"},
    {TEXT("BZh"), "bzip2"},
    {TEXT("PK\x03\x04"), "zip"},
    {TEXT("Obj\x01"), "an Avro file"},
    {TEXT("PAR1"), "a Parquet file"},
    {TEXT("\xFF\xFE"), "UTF-16"},
    {TEXT("\xFE\xFF"), "UTF-16"},
    {TEXT("\xEF\xBB\xBF"), "a byte order mark"},
    {TEXT("<"), "XML"},
    {TEXT("["), "an array where one object should be"},
    {TEXT("\""), "a text where one object should be"},
};

/* What other languages write where JSON has no word for it. */
static const struct text words[] = {
    TEXT("NaN"),  TEXT("nan"),  TEXT("Infinity"), TEXT("-Infinity"), TEXT("inf"),
    TEXT("-inf"), TEXT("None"), TEXT("True"),     TEXT("False"),     TEXT("undefined"),
};

static bool found_begins(struct text t, struct text with) {
    return t.len >= with.len && memcmp(t.at, with.at, with.len) == 0;
}

/* A few bytes of a text, cut between characters, as JSON writes them. */
static void found_show(struct text t, struct buf *out) {
    size_t n = 0, next;
    while (n < t.len && n < FOUND_SHOWN) {
        next = text_utf8((struct text){t.at + n, t.len - n});
        n += next ? next : 1;
    }
    buf_json(out, (struct text){t.at, n});
    if (n < t.len) buf_str(out, "...");
}

/* ---- the record ---- */

static bool found_by_beginning(struct text record, struct buf *out) {
    uint32_t id;
    struct text payload;
    if (framing_read(record, &id, &payload)) {
        buf_printf(out, "a schema-registry header, id %u", (unsigned)id);
        return true;
    }
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        if (!found_begins(record, beginnings[i].bytes)) continue;
        buf_str(out, beginnings[i].name);
        return true;
    }
    return false;
}

/* The word around the place where the check stopped: behind the sign, of -Infinity. */
static bool found_word(struct text record, size_t at, struct buf *out) {
    bool sign = at && record.at[at - 1] == '-';
    struct text rest = {record.at + at - sign, record.len - at + sign};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!found_begins(rest, words[i])) continue;
        buf_text(out, words[i]);
        buf_printf(out, " at byte %zu", at - sign);
        return true;
    }
    return false;
}

static const char *found_byte(unsigned char byte, char name[BYTE_NAME]) {
    if (byte == '\'') return "a single quote";
    if (byte >= 0x20 && byte < 0x7F) return "no JSON";
    snprintf(name, BYTE_NAME, "byte 0x%02X", byte);
    return name;
}

/* Where the check stopped, and what stands there. */
static void found_place(struct found *f, struct text record, size_t at) {
    char name[BYTE_NAME];
    if (at == record.len) {
        buf_printf(&f->text, "it ends too early, at byte %zu", at);
    } else if (!found_word(record, at, &f->text)) {
        buf_printf(&f->text, "%s at byte %zu", found_byte((unsigned char)record.at[at], name), at);
        f->where = f->text.len;
        buf_str(&f->text, ": ");
        found_show((struct text){record.at + at, record.len - at}, &f->text);
        return;
    }
    f->where = f->text.len;
}

void found_in_record(struct found *f, struct text record, enum reason reason, size_t max_depth) {
    size_t at = 0;
    char *open = xmalloc(max_depth);
    enum reason seen = json_check_place(record, max_depth, open, &at);
    free(open);
    if (seen != reason) return;
    if (reason == REASON_TOO_DEEP)
        buf_printf(&f->text, "%zu brackets inside each other at byte %zu", max_depth + 1, at);
    else if (at > 0 || !found_by_beginning(record, &f->text)) found_place(f, record, at);
    if (!f->where) f->where = f->text.len;
}

/* ---- a value ---- */

static bool found_is_number(struct text t) {
    char copy[NUMBER_BYTES];
    if (t.len >= sizeof copy) return false;
    memcpy(copy, t.at, t.len);
    copy[t.len] = '\0';
    struct text kept = {copy, t.len};
    return table_cell_read(kept, CELL_POINT).kind == CELL_NUMBER ||
           table_cell_read(kept, CELL_COMMA).kind == CELL_NUMBER;
}

static const char *found_kind(const struct value *v) {
    switch (v->kind) {
    case VALUE_MISSING: return "nothing";
    case VALUE_NULL: return "null";
    case VALUE_BOOL: return v->number == 1 ? "true" : "false";
    case VALUE_NUMBER: return "number";
    case VALUE_TEXT: return found_is_number(v->text) ? "number as text" : "text";
    default: return "an object or array";
    }
}

void found_in_value(struct found *f, const struct value *v, struct text pointer) {
    enum { POINTER_BYTES = FOUND_BYTES / 2 };
    struct buf quoted = {0};
    buf_printf(&f->text, "%s at ", found_kind(v));
    if (pointer.len > POINTER_BYTES) pointer.len = POINTER_BYTES;
    buf_json(&quoted, pointer);
    buf_add(&f->text, quoted.at + 1, quoted.len - 2); // without its quotes
    buf_release(&quoted);
    f->where = f->text.len;
    if (v->kind != VALUE_TEXT && v->kind != VALUE_NUMBER) return;
    buf_str(&f->text, ": ");
    if (v->kind == VALUE_TEXT) found_show(v->text, &f->text);
    else if (!v->text.len) buf_printf(&f->text, "%.15g", v->number); // from Avro
    else buf_add(&f->text, v->text.at, v->text.len < FOUND_SHOWN ? v->text.len : FOUND_SHOWN);
}
