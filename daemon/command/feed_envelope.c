/* One form, made of the two pointers, in which event and id are filled in.
 *
 * Thread: main thread */
#include "feed_envelope.h"

#include "base/json.h"

/* Marks that JSON cannot hold. */
static const char event_mark[] = "\x01", id_mark[] = "\x02";

/* The next token of a pointer, unescaped; false: there is none. */
static bool feed_envelope_token(const char **at, struct buf *out) {
    buf_reset(out);
    if (**at != '/') return false;
    for (++*at; **at && **at != '/'; ++*at) {
        char c = **at;
        if (c == '~') c = *++*at == '1' ? '/' : '~';
        buf_add(out, &c, 1);
    }
    return true;
}

/* Makes objects along the pointer, and the mark at its end. False: something else stands there. */
static bool feed_envelope_make(cJSON *root, const char *pointer, const char *mark) {
    struct buf token = {0};
    cJSON *object = root;
    bool made = true;
    while (made && feed_envelope_token(&pointer, &token)) {
        cJSON *there = cJSON_GetObjectItemCaseSensitive(object, buf_string(&token));
        made = !there || (*pointer && cJSON_IsObject(there));
        if (made && !there && *pointer) there = cJSON_AddObjectToObject(object, buf_string(&token));
        else if (made && !there) there = cJSON_AddRawToObject(object, buf_string(&token), mark);
        object = there;
    }
    buf_release(&token);
    return made;
}

/* Whether the id is the event's own: then the file has it, or the row's number stands for it. */
static bool feed_envelope_holds_id(const struct config *c) {
    size_t n = strlen(c->admit.event);
    return strncmp(c->admit.id, c->admit.event, n) == 0 && c->admit.id[n] == '/';
}

int feed_envelope_open(struct feed_envelope *e, const struct config *c, struct buf *why) {
    *e = (struct feed_envelope){.config = c};
    if (c->admit.format == ADMIT_FORMAT_REGISTRY) {
        buf_str(why, "admit.format is registry: the daemon wants each value behind a schema "
                     "registry's header, and what is sent here is plain JSON. With auto it takes "
                     "both");
        return ERR_CONFIG;
    }
    if (!*c->admit.event) return 0;
    cJSON *root = cJSON_CreateObject();
    bool made = feed_envelope_make(root, c->admit.event, event_mark) &&
                (!*c->admit.id || feed_envelope_holds_id(c) ||
                 feed_envelope_make(root, c->admit.id, id_mark));
    char *printed = made ? cJSON_PrintUnformatted(root) : NULL;
    if (printed) e->form = xstrdup(printed);
    else
        buf_printf(why, "no record has both admit.event, %s, and admit.id, %s", c->admit.event,
                   c->admit.id);
    cJSON_free(printed);
    cJSON_Delete(root);
    return e->form ? 0 : ERR_CONFIG;
}

void feed_envelope_close(struct feed_envelope *e) {
    free(e->form);
    buf_release(&e->record);
    arena_release(&e->scratch);
}

static bool feed_envelope_is_there(struct feed_envelope *e, struct text event) {
    arena_reset(&e->scratch);
    cJSON *row = json_parse(event, &e->scratch);
    bool there = json_at(row, text_of(e->config->admit.event)) != NULL;
    cJSON_Delete(row);
    return there;
}

struct text feed_envelope_put(struct feed_envelope *e, struct text event, struct text id) {
    if (!e->form || feed_envelope_is_there(e, event)) return event;
    buf_reset(&e->record);
    for (const char *at = e->form; *at; at++) {
        if (*at == *event_mark) buf_text(&e->record, event);
        else if (*at == *id_mark) buf_json(&e->record, id);
        else buf_add(&e->record, at, 1);
    }
    return buf_view(&e->record);
}
