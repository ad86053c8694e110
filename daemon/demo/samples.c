/* One interface to the generator and to a file, so that the feeder need not know which it feeds.
 *
 * Thread: the thread that owns it */
#include "demo/samples.h"

#include "generator.h"
#include "terminal/console.h"

enum {
    GENERATOR_PARTITIONS = 2 // more than one, so that the demo shows them
};

struct samples {
    struct dataset *data; // NULL: the generator
    struct generator generator;
    struct generator_event event;
    struct buf json;
    uint64_t given, total;
    char *words, *file;
};

void samples_tell(struct samples *s) {
    if (s && s->data) console_remarks(s->file, dataset_remarks(s->data));
}

static int samples_open_data(struct samples *s, const struct samples_options *o, struct buf *why) {
    struct dataset_options data = o->data;
    s->file = xstrdup(data.file);
    data.limit = o->samples;
    TRY(dataset_open(&s->data, &data, why));
    samples_tell(s);
    s->total = dataset_rows(s->data);
    const char *name = strrchr(data.file, '/');
    s->words = xasprintf("rows of %s", name ? name + 1 : data.file);
    if (s->total) return 0;
    buf_printf(why, "%s: there are no rows", data.file);
    return ERR_INPUT;
}

int samples_open(struct samples **out, const struct samples_options *o, struct buf *why) {
    struct samples *s = xcalloc(1, sizeof *s);
    int result = 0;
    if (o->data.file) {
        result = samples_open_data(s, o, why);
    } else {
        s->total = o->samples ? o->samples : SAMPLES_GENERATED;
        s->generator = (struct generator){o->seed, s->total};
        s->words = xstrdup("card payments");
    }
    if (result < 0) samples_close(s);
    else *out = s;
    return result;
}

void samples_close(struct samples *s) {
    if (!s) return;
    dataset_close(s->data);
    buf_release(&s->json);
    free(s->words);
    free(s->file);
    free(s);
}

int samples_next(struct samples *s, struct dataset_sample *out, struct buf *why) {
    if (s->data) return dataset_next(s->data, out, why);
    if (s->given == s->total) return 0;
    buf_reset(&s->json);
    generator_make(&s->generator, s->given++, &s->event, &s->json);
    *out = (struct dataset_sample){.event = buf_view(&s->json),
                                   .id = text_of(s->event.id),
                                   .label = s->event.fraud ? TEXT("fraud") : TEXT("genuine"),
                                   .row = s->given};
    return 1;
}

uint64_t samples_total(const struct samples *s) { return s->total; }

int samples_config(struct samples *s, struct buf *yaml, struct buf *why) {
    if (s->data) {
        int result = dataset_config(s->data, yaml, why);
        samples_tell(s);
        return result;
    }
    generator_config(yaml);
    return 0;
}

const char *samples_words(const struct samples *s) { return s->words; }
int samples_partitions(const struct samples *s) { return s->data ? 1 : GENERATOR_PARTITIONS; }
