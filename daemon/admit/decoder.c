/* What a decoder owns, and which reader does its work.
 *
 * Buffers grow to the longest sample, at most max_bytes, and stay: after warm-up nothing is
 * allocated (promise I11; reader_cjson excepted). Values are taken from the bytes and not from
 * cJSON's tree: that ends a text at \u0000, takes the key "a\u0000b" for "a", and has forgotten how
 * a number was written. A mapped number beyond a double is refused; unmapped ones are not looked
 * at.
 *
 * Thread: worker thread (one decoder each) */
#include "base/cpu.h"
#include "json_check.h"
#include "reader.h"

#include <cjson/cJSON.h>

typedef enum reason (*reader)(struct decoder *, struct text, struct value *);

/* NULL: the processor lacks what it takes. */
static reader reader_of(enum json_reader kind) {
    reader fastest = reader_portable, avx2 = NULL;
#if defined(__x86_64__)
    if (cpu_has_avx2()) fastest = avx2 = reader_avx2;
#endif
    const reader readers[] = {[JSON_READER_AUTO] = fastest,
                              [JSON_READER_PORTABLE] = reader_portable,
                              [JSON_READER_AVX2] = avx2,
                              [JSON_READER_CJSON] = reader_cjson};
    return readers[kind];
}

int decoder_create(struct decoder **out, const struct decoder_options *options) {
    struct decoder *d = xcalloc(1, sizeof *d);
    d->n = options->n;
    d->max_depth = options->max_depth;
    d->max_bytes = options->max_bytes;
    d->framed.format = options->format;
    d->framed.registry = options->registry;
    d->read = reader_of(options->kind);
    d->level = xmalloc(d->max_depth * sizeof *d->level);
    d->open = xmalloc(d->max_depth);
    struct text *paths = arena_take(&d->arena, d->n * sizeof *paths);
    for (size_t i = 0; i < d->n; i++) paths[i] = arena_text(&d->arena, options->paths[i]);
    int result = d->read ? pointers_build(&d->root, paths, d->n, &d->arena) : ERR_CONFIG;
    if (result < 0) {
        decoder_destroy(d);
        return result;
    }
    *out = d;
    return 0;
}

static struct decoder_options decoder_json(const struct config *c, const struct text *paths,
                                           size_t n) {
    return (struct decoder_options){.paths = paths,
                                    .n = n,
                                    .max_depth = (size_t)c->admit.max_depth,
                                    .max_bytes = (size_t)c->admit.max_bytes,
                                    .kind = (enum json_reader)c->admit.json_reader};
}

int decoder_of_samples(struct decoder **out, const struct config *c, const struct text *paths,
                       size_t n) {
    struct decoder_options options = decoder_json(c, paths, n);
    options.format = (enum admit_format)c->admit.format;
    options.registry = config_registry(c, "url") != NULL;
    TRY(decoder_create(out, &options));
    (*out)->event = arena_text(&(*out)->arena, text_of(c->admit.event));
    return 0;
}

int decoder_of_events(struct decoder **out, const struct config *c, const struct text *paths,
                      size_t n) {
    struct decoder_options options = decoder_json(c, paths, n);
    return decoder_create(out, &options);
}

void decoder_destroy(struct decoder *d) {
    if (!d) return;
    view_release(&d->view);
    framed_release(&d->framed);
    layout_release(&d->layout);
    cJSON_Delete(d->tree);
    buf_release(&d->copy);
    buf_release(&d->text);
    buf_release(&d->key);
    arena_release(&d->arena);
    free(d->level);
    free(d->open);
    free(d);
}

enum reason decoder_read(struct decoder *d, struct text value, struct value *values) {
    buf_reset(&d->framed.found);
    if (!value.len) return REASON_EMPTY;
    if (value.len > d->max_bytes) return REASON_TOO_LARGE;
    if (!*value.at || d->framed.format == ADMIT_FORMAT_REGISTRY)
        return framed_read(d, value, values);
    return d->read(d, value, values);
}

struct text decoder_found(const struct decoder *d) {
    return buf_view(&d->framed.found);
}

struct text decoder_record(struct decoder *d, struct text value) {
    struct text record = value.len && !*value.at ? framed_event(d, value) : value;
    return record.len ? record : TEXT("null");
}

struct text decoder_select(struct decoder *d, struct text value, const struct selection *s) {
    struct text record = decoder_record(d, value);
    if (!d->event.len && !s->fields_n && !s->mask_n) return record;
    /* Only admitted records come here. Any other one could not be masked, so none of it is shown.
     */
    if (!record.len || json_check(record, d->max_depth, d->open)) return TEXT("null");
    return view_select(&d->view, record, d->event, s);
}
