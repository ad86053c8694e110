/* What annotators look at: the event's fields under one another.
 *
 * Values are printed as they stand in the record, so that 12.50 stays 12.50, and never as control
 * characters: the event is a stranger's text.
 *
 * Thread: any thread */
#include "terminal/event_view.h"

#include "base/json.h"
#include "terminal/listing.h"

enum {
    FIELDS_MOST = 500, // of an event that are shown
    NAME_MOST = 32,    // characters of a field's name
    NAME_BYTES = 256,  // of a name, and of the names that it stands under
    LOOKS_MOST = 2000, // looks for a value's bytes: each reads the whole object
    ROOM_MIN = 10      // characters that a value gets, however narrow the terminal is
};

struct fields {
    struct event_field *out;
    size_t n, most, left, looks;
    struct arena *arena;
};

static struct text event_view_safe(struct fields *f, struct text t) {
    struct buf b = {0};
    buf_shown(&b, t);
    struct text kept = b.len ? arena_text(f->arena, buf_view(&b)) : TEXT("");
    buf_release(&b);
    return kept;
}

static void event_view_add(struct fields *f, struct text name, struct text value) {
    if (f->n == f->most) {
        f->left++;
        return;
    }
    f->out[f->n++] = (struct event_field){event_view_safe(f, name), event_view_safe(f, value)};
}

/* What a scalar says: a string without quotes, else the bytes that it was written with. */
static void event_view_add_scalar(struct fields *f, const cJSON *item, struct text raw,
                                  struct text name) {
    if (cJSON_IsString(item)) event_view_add(f, name, text_of(item->valuestring));
    else if (raw.at) event_view_add(f, name, raw);
    else {
        char *printed = cJSON_PrintUnformatted(item);
        event_view_add(f, name, text_of(printed));
        cJSON_free(printed);
    }
}

static void event_view_walk(struct fields *f, const cJSON *object, struct text raw,
                            const char *prefix) {
    const cJSON *item;
    cJSON_ArrayForEach(item, object) {
        if (f->n == f->most && !cJSON_IsObject(item)) {
            f->left++;
            continue;
        }
        char *name = xasprintf("%.*s%s%.*s", NAME_BYTES, prefix, *prefix ? "." : "", NAME_BYTES,
                               item->string);
        struct text written =
            f->looks++ < LOOKS_MOST ? json_member(raw, item->string) : (struct text){0};
        if (cJSON_IsObject(item)) event_view_walk(f, item, written, name);
        else event_view_add_scalar(f, item, written, text_of(name));
        free(name);
    }
}

size_t event_fields(struct text event, struct event_field *out, size_t most, size_t *left,
                    struct arena *arena) {
    struct fields f = {.out = out, .most = most, .arena = arena};
    cJSON *tree = json_parse(event, arena);
    if (cJSON_IsObject(tree)) event_view_walk(&f, tree, event, "");
    else
        event_view_add(
            &f, TEXT(""),
            event.at
                ? event
                : TEXT("(the event did not fit into the task; its source coordinates lead to it)"));
    cJSON_Delete(tree);
    *left = f.left;
    return f.n;
}

void event_print(FILE *out, struct text event, const char *indent, size_t width, size_t most) {
    struct arena arena = {0};
    struct event_field field[FIELDS_MOST];
    size_t left, widest = 0,
                 n = event_fields(event, field, most && most < FIELDS_MOST ? most : FIELDS_MOST,
                                  &left, &arena);
    for (size_t i = 0; i < n; i++) {
        field[i].name = listing_cut(&arena, field[i].name, NAME_MOST);
        if (listing_width(field[i].name) > widest) widest = listing_width(field[i].name);
    }
    size_t room = width ? ROOM_MIN : 0; // 0: whole
    if (width > widest + ROOM_MIN + 2) room = width - widest - 2;
    for (size_t i = 0; i < n; i++) {
        struct text value = listing_cut(&arena, field[i].value, room);
        fprintf(out, "%s%.*s%*s%.*s\n", indent, (int)field[i].name.len, field[i].name.at,
                (int)(widest - listing_width(field[i].name) + 2), "", (int)value.len, value.at);
    }
    if (left) fprintf(out, "%s(and %zu more)\n", indent, left);
    arena_release(&arena);
}
