/* Asks a schema registry what an id stands for, by the API that Confluent's, Karapace, Redpanda and
 * Apicurio (/apis/ccompat/v7) share.
 *
 * What it answers is from the world: bounded here, and checked where it is compiled. Only an answer
 * that a registry gives for an id that it does not know counts as one; all else (no answer, a
 * proxy's page, a refused token) is trouble that may pass, since records are lost for people by the
 * one and not by the other.
 *
 * Thread: its owner's; made on the main thread */
#pragma once

#include "admit/decoder.h"
#include "base/buf.h"

#include <stdatomic.h>

struct schema_client;

struct schema_answer {
    enum reason refused; // REASON_NONE: there is a schema
    const char *why;     // of the refusal, for people; else NULL
    struct schema_source source;
};

/* By admit.registry; *out NULL: nobody is to be asked. stop: ends a question that is under way; may
 * be NULL. ERR_CONFIG: *why says why the file of the token, or of the authorities, can not be read.
 */
int schema_client_create(struct schema_client **out, const struct config *c,
                         const _Atomic bool *stop, struct buf *why) MUST_CHECK;
void schema_client_destroy(struct schema_client *k);
/* 0: *out, of the arena. ERR_RETRY: no answer; trouble says why, *wait_ms how long the registry
 * asks to be left alone (0: it does not). ERR_STOPPED. */
int schema_client_ask(struct schema_client *k, uint32_t id, struct arena *arena,
                      struct schema_answer *out, struct buf *trouble, int64_t *wait_ms) MUST_CHECK;
/* Asks for the value's schema, if the decoder lacks it, and teaches it; where there is no answer
 * the decoder refuses the value, and says why. For commands, which have time to wait. k may be
 * NULL. */
void schema_client_teach(struct schema_client *k, struct decoder *d, struct text value);
