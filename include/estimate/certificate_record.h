/* A certificate as it stands on the models topic, `NAME/certificate/CLASS`: one JSON object,
 * written by the learner alone (docs/FORMATS.md).
 *
 * Thread: any thread */
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "estimate/certificate.h"

/* Names the feature map and the class list that a certificate is of. classes: k names,
 * newline-separated. */
uint64_t certificate_terms_of(uint64_t fingerprint, struct text classes);
/* Appends the record. terms: as above; heard_ms: now, the sign that somebody bets against it. */
void certificate_write(const struct certificate *c, uint64_t terms, int64_t heard_ms,
                       struct buf *out);
/* Reads untrusted bytes. What is read holds its contract, and what it grants could be a result of
 * the test; not that it was one: who may write the models topic is the learner. ERR_CORRUPT: it is
 * none; *out is then untouched. */
int certificate_read(struct certificate *out, uint64_t *terms, struct text record) MUST_CHECK;
const char *certificate_end_word(enum certificate_end end);
