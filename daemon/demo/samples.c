/* Two sources behind one door; whoever takes samples does not know which it is.
 *
 * Thread: the thread that owns it */
#include "demo/samples.h"

#include "generator.h"

enum { GENERATOR_PARTITIONS = 2 };

struct demo_source {
    struct dataset *data; // NULL: the generator
    struct demo_stream stream;
    struct demo_event event;
    struct buf json;
    uint64_t given, total;
    char *words;
};

static int open_data(struct demo_source *s, const struct demo_source_options *o, struct buf *why) {
    struct dataset_options data = o->data;
    data.limit = o->samples;
    TRY(dataset_open(&s->data, &data, why));
    s->total = dataset_rows(s->data);
    const char *name = strrchr(data.file, '/');
    s->words = xasprintf("rows of %s", name ? name + 1 : data.file);
    if (s->total) return 0;
    buf_printf(why, "%s: there are no rows", data.file);
    return ERR_INPUT;
}

int demo_source_open(struct demo_source **out, const struct demo_source_options *o,
                     struct buf *why) {
    struct demo_source *s = xcalloc(1, sizeof *s);
    int result = 0;
    if (o->data.file) {
        result = open_data(s, o, why);
    } else {
        s->total = o->samples ? o->samples : DEMO_SAMPLES;
        s->stream = (struct demo_stream){o->seed, s->total};
        s->words = xstrdup("card payments");
    }
    if (result < 0) demo_source_close(s);
    else *out = s;
    return result;
}

void demo_source_close(struct demo_source *s) {
    if (!s) return;
    dataset_close(s->data);
    buf_release(&s->json);
    free(s->words);
    free(s);
}

int demo_source_next(struct demo_source *s, struct dataset_sample *out, struct buf *why) {
    if (s->data) return dataset_next(s->data, out, why);
    if (s->given == s->total) return 0;
    buf_reset(&s->json);
    demo_event_make(&s->stream, s->given++, &s->event, &s->json);
    *out = (struct dataset_sample){.event = buf_view(&s->json),
                                   .id = text_of(s->event.id),
                                   .label = s->event.fraud ? TEXT("fraud") : TEXT("genuine"),
                                   .row = s->given};
    return 1;
}

uint64_t demo_source_total(const struct demo_source *s) { return s->total; }

int demo_source_config(struct demo_source *s, struct buf *yaml, struct buf *why) {
    if (s->data) return dataset_config(s->data, yaml, why);
    demo_event_config(yaml);
    return 0;
}

const char *demo_source_words(const struct demo_source *s) { return s->words; }
int demo_source_partitions(const struct demo_source *s) {
    return s->data ? 1 : GENERATOR_PARTITIONS;
}
