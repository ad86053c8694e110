/* What comes before it was asked again is from before the refusal.
 *
 * Thread: the thread that owns the handle */
#include "refusal.h"

#include "base/clock.h"
#include "kafka/rights.h"

enum { AGAIN_MS = 2000 }; // before a refused topic is assigned anew

void refusal_note(struct refusal *r, const char *topic, const rd_kafka_message_t *m) {
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        refusal_over(r, topic);
    } else if (m->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
        *r = (struct refusal){.refused = true, .since_ms = clock_ms()};
        rights_refused(RIGHT_READ_TOPIC, topic);
    }
}

bool refusal_ask(struct refusal *r) {
    if (!r->refused || clock_ms() - r->since_ms < AGAIN_MS) return false;
    r->asked = true;
    r->since_ms = clock_ms();
    return true;
}

void refusal_end(struct refusal *r, const char *topic) {
    *r = (struct refusal){0};
    rights_granted(RIGHT_READ_TOPIC, topic);
}
