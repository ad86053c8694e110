/* Puts together what goes to the models topic at once: a version in chunks, records by their name,
 * and the tombstones of what leaves.
 *
 * Thread: learner thread */
#include "publication.h"

#include "adjudication.h"
#include "base/clock.h"
#include "certification.h"
#include "infer/model_record.h"

#include <inttypes.h>

static struct producer_record *publication_append(struct publication *p) {
    if (p->n == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 64;
        p->at = xrealloc(p->at, p->cap * sizeof *p->at);
    }
    return &p->at[p->n++];
}

static void publication_add(struct publication *p, struct text key, struct text value,
                            size_t chunks) {
    *publication_append(p) = registry_record(&p->arena, arena_text(&p->arena, key),
                                             arena_text(&p->arena, value), chunks);
}

void publication_add_named(struct publication *p, const char *what, const struct buf *value) {
    struct buf key = {0};
    registry_key(&key, p->name, what);
    publication_add(p, buf_view(&key), buf_view(value), 0);
    buf_release(&key);
}

void publication_add_certificates(struct publication *p, struct certification *c,
                                  const struct registry *r, const struct list *classes) {
    struct buf key = {0}, value = {0};
    for (size_t i = 0; i < certification_classes(c); i++) {
        buf_reset(&key);
        buf_reset(&value);
        if (!certification_due(c, r, i, &value)) continue;
        registry_certificate_key(&key, p->name, text_of(classes->at[i]));
        publication_add(p, buf_view(&key), buf_view(&value), 0);
    }
    buf_release(&key);
    buf_release(&value);
}

void publication_add_policy(struct publication *p, const struct policy_learner *policy) {
    struct buf b = {0};
    policy_learner_write(policy, &b);
    publication_add_named(p, "policy", &b);
    buf_release(&b);
}

void publication_add_tasks(struct publication *p, const struct adjudication *a, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct producer_record *r = publication_append(p);
        *r = adjudication_task(a, i);
        r->topic = PUBLISHED_TASKS;
    }
}

void publication_add_progress(struct publication *p, const char *instance, struct labelled_set *set,
                              const struct store_counts *counts, uint64_t live,
                              uint64_t published_digest) {
    struct buf b = {0};
    for (enum labelled_topic t = 0; t < LABELLED_TOPICS; t++) {
        buf_printf(&b, "%s\"%s\":{", t ? "}," : "{", labelled_topic_name(t));
        for (int32_t i = 0; i < labelled_set_partitions(set, t); i++)
            buf_printf(&b, "%s\"%" PRId32 "\":%" PRId64, i ? "," : "", i,
                       labelled_set_offset(set, t, i));
    }
    buf_printf(&b, "},\"topic_ids\":{\"%s\":%" PRIu32 ",\"%s\":%" PRIu32,
               labelled_topic_name(LABELLED_TASKS), labelled_set_topic(set, LABELLED_TASKS),
               labelled_topic_name(LABELLED_LABELS), labelled_set_topic(set, LABELLED_LABELS));
    buf_printf(&b,
               "},\"version\":%" PRIu64 ",\"labelled\":%zu,\"digest\":\"%016" PRIx64
               "\",\"published_digest\":\"%016" PRIx64 "\",\"time_ms\":%" PRId64 ",\"by\":",
               live, counts->labelled, counts->digest, published_digest, clock_wall_ms());
    buf_json_str(&b, instance);
    labelled_set_write_asked(set, &b);
    buf_str(&b, "}");
    publication_add_named(p, "progress", &b);
    buf_release(&b);
}

int publication_add_version(struct publication *p, struct model *m, size_t most, size_t *bytes) {
    struct buf record = {0}, key = {0};
    model_write(m, p->name, &record);
    *bytes = record.len;
    size_t chunk = registry_chunk_bytes(p->name, record.len, most),
           chunks = chunk ? (record.len + chunk - 1) / chunk : 0;
    for (size_t i = 0; i < chunks; i++) {
        size_t from = i * chunk, left = record.len - from;
        buf_reset(&key);
        registry_chunk_key(&key, p->name, m->version, i);
        publication_add(p, buf_view(&key),
                        (struct text){record.at + from, left < chunk ? left : chunk}, chunks);
    }
    buf_release(&record);
    buf_release(&key);
    return chunks ? 0 : ERR_FULL;
}

void publication_remove_push(struct publication *p, const struct registry_push *push) {
    struct buf key = {0};
    for (size_t i = 0; i < push->chunks; i++) {
        buf_reset(&key);
        registry_push_key(&key, p->name, push->id, i);
        publication_add(p, buf_view(&key), (struct text){0}, 0);
    }
    buf_release(&key);
}

void publication_remove_version(struct publication *p, const struct registry *r, uint64_t version) {
    struct buf key = {0};
    for (size_t i = 0; i < registry_chunks(r, version); i++) {
        buf_reset(&key);
        registry_chunk_key(&key, p->name, version, i);
        publication_add(p, buf_view(&key), (struct text){0}, 0);
    }
    buf_release(&key);
}

void publication_release(struct publication *p) {
    arena_release(&p->arena);
    free(p->at);
}
