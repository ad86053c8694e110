/* The places of a topic's partitions: which records are handed out, which ends were reached, which
 * partitions stand still.
 *
 * Thread: the thread that owns the handle */
#include "places.h"

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"

enum {
    DRAINED_MS = 5000,   // what was fetched since may be what is behind an end
    ASK_AGAIN_MS = 1000, // before a broker that did not answer is asked again
    PAUSE_MS = 100,      // a topic is not made anew in less: a fetch in between is refused, and the
                         // next one waits for fetch.error.backoff.ms (client.c)
    IDS_MS = 1000        // for the topic's id
};

/* ---- the table ---- */

/* Those that are new are not read. */
static void places_resize(struct places *s, size_t n) {
    if (n <= s->n) return;
    s->place = xrealloc(s->place, n * sizeof *s->place);
    s->reading = xrealloc(s->reading, n * sizeof *s->reading);
    s->ended = xrealloc(s->ended, n * sizeof *s->ended);
    for (size_t i = s->n; i < n; i++) {
        s->place[i] = (struct place){.lost = LOST_NONE, .untold = -1};
        s->reading[i] = false;
    }
    s->n = n;
}

void places_release(struct places *s) {
    free(s->place);
    free(s->reading);
    free(s->ended);
    witness_destroy(s->witness);
}

static struct place *places_of(const struct places *s, int32_t partition) {
    bool ours = partition >= 0 && (size_t)partition < s->n && s->reading[partition];
    return ours ? &s->place[partition] : NULL;
}

bool places_sure(const struct places *s, int32_t partition) {
    const struct place *p = places_of(s, partition);
    return p && !s->verify && place_sure(p);
}

static void places_count_unsure(struct places *s) {
    s->unsure = 0;
    for (size_t i = 0; i < s->n; i++) s->unsure += s->reading[i] && !place_sure(&s->place[i]);
}

static void places_unstand(struct places *s, struct place *p) {
    s->standing -= p->stands;
    p->stands = false;
}

void places_leave_end(struct places *s, int32_t partition) {
    if (partition < 0 || (size_t)partition >= s->n) return;
    places_unstand(s, &s->place[partition]);
    s->place[partition].held_ms = 0;
}

/* Reading begins elsewhere, or anew: an end that was reached before is not reached any more. What
 * holds it up may do so still (reader_start looks at every place again and again). */
static int64_t places_start(struct places *s, int32_t partition, const struct position *at) {
    struct place *p = &s->place[partition];
    const int64_t end = p->end, held_ms = p->held_ms;
    size_t i = 0;
    places_unstand(s, p);
    while (p->untold >= 0 && s->ended[i] != partition) i++;
    if (p->untold >= 0) s->ended[i] = s->ended[--s->ended_n];
    int64_t offset = place_begin(p, at);
    p->end = end;
    p->held_ms = held_ms;
    return offset;
}

void places_stay(const struct places *s, rd_kafka_t *rk) {
    if (!s->standing) return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)s->standing);
    for (size_t i = 0; i < s->n; i++)
        if (s->place[i].stands)
            rd_kafka_topic_partition_list_add(list, s->topic, (int32_t)i)->offset = s->place[i].end;
    rd_kafka_error_t *error = rd_kafka_seek_partitions(rk, list, 0); // noted; nothing to wait for
    if (error) rd_kafka_error_destroy(error);
    rd_kafka_topic_partition_list_destroy(list);
}

int64_t places_begin(struct places *s, int32_t partition, const struct position *at) {
    CHECK(partition >= 0);
    places_resize(s, (size_t)partition + 1);
    struct place *p = &s->place[partition];
    s->unsure -= s->reading[partition] && !place_sure(p);
    s->reading[partition] = true;
    int64_t offset = places_start(s, partition, at);
    s->unsure += !place_sure(p);
    return offset;
}

void places_leave(struct places *s) {
    for (size_t i = 0; i < s->n; i++) {
        struct place *p = &s->place[i];
        s->reading[i] = p->stands = false;
        p->untold = -1;
    }
    s->ended_n = s->unsure = s->standing = 0;
    s->doubts = s->verify = false;
}

void places_count(const struct places *s, size_t out[LOST_NONE]) {
    for (size_t i = 0; i < s->n; i++)
        if (s->reading[i] && s->place[i].lost != LOST_NONE) out[s->place[i].lost]++;
}

/* ---- the stream ---- */

bool places_look(struct places *s, const rd_kafka_message_t *m) {
    struct place *p = places_of(s, m->partition);
    if (s->verify) return false; // it is read again
    if (!p || place_sure(p)) return p != NULL;
    bool out = place_record(p, m);
    s->doubts |= p->doubt;
    s->unsure -= place_sure(p);
    return out;
}

static void places_end(struct places *s, int32_t partition, struct place *p, int64_t end) {
    bool was = place_sure(p);
    s->standing += !p->stands;
    if (p->end != end) p->held_ms = 0;
    p->stands = true;
    p->end = end;
    if (s->verify) return; // records before it were passed over: they are read again
    place_end(p, end);
    s->doubts |= p->doubt;
    s->unsure -= !was && place_sure(p);
    if (!place_sure(p)) return;
    if (p->untold < 0) s->ended[s->ended_n++] = partition;
    p->untold = end;
}

static void places_out_of_range(struct places *s, struct place *p) {
    s->unsure += place_sure(p);
    place_out_of_range(p);
    s->doubts |= p->doubt;
}

bool places_event(struct places *s, const rd_kafka_message_t *m) {
    struct place *p = places_of(s, m->partition);
    switch (m->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        if (p) places_end(s, m->partition, p, m->offset);
        return true;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        if (p) places_out_of_range(s, p);
        return true;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        s->verify = true; // if it comes back, it may be another one
        return false;
    default: return false;
    }
}

bool places_next_end(struct places *s, int32_t *partition, int64_t *end) {
    if (!s->ended_n) return false;
    *partition = s->ended[--s->ended_n];
    *end = s->place[*partition].untold;
    s->place[*partition].untold = -1;
    return true;
}

/* What is behind the end that was reached, as far as is known: a transaction that is open, or what
 * the next fetch brings. For a while after each start of reading the library knows nothing. */
static int64_t places_behind(const struct places *s, rd_kafka_t *rk, int32_t partition) {
    int64_t low, high;
    if (rd_kafka_get_watermark_offsets(rk, s->topic, partition, &low, &high) || high < 0) return -1;
    return high > s->place[partition].end ? high - s->place[partition].end : 0;
}

int64_t places_held_up(struct places *s, rd_kafka_t *rk, int64_t now_ms) {
    int64_t longest = 0;
    bool held = false, drained = now_ms - s->drained_ms < DRAINED_MS;
    for (size_t i = 0; i < s->n; i++) {
        struct place *p = &s->place[i];
        int64_t behind = s->reading[i] ? places_behind(s, rk, (int32_t)i) : 0;
        if (behind == 0 || !drained) p->held_ms = 0;
        else if (behind > 0 && p->stands && !p->held_ms) p->held_ms = now_ms;
        if (p->held_ms && now_ms - p->held_ms > longest) longest = now_ms - p->held_ms;
        held |= p->held_ms != 0;
    }
    s->held = held;
    return longest;
}

/* What the owner says; what was never read is read from its beginning. */
static struct position places_position(const struct places *s, int32_t partition,
                                       const struct position_owner *owner) {
    struct position at = owner->position(s->index, partition, owner->opaque);
    if (at.next < 0) at = (struct position){RD_KAFKA_OFFSET_BEGINNING, mark_none()};
    return at;
}

struct position places_first(const struct places *s, int32_t partition, bool added,
                             const struct position_owner *owner) {
    struct position at = places_position(s, partition, owner);
    if (at.next >= 0 || !added || places_of(s, partition)) return at;
    owner->moved(s->index, partition, 0, owner->opaque);
    return places_position(s, partition, owner); // as it was kept, if it was
}

/* ---- after a pause ---- */

/* A position with a record to look at, that of the partition first. False: there is none. */
static bool places_marked(const struct places *s, int32_t *partition, struct position *at,
                          const struct position_owner *owner) {
    *at = places_position(s, *partition, owner);
    for (size_t i = 0; i < s->n && at->mark.record < 0; i++) {
        if (!s->reading[i] || !place_sure(&s->place[i])) continue;
        *partition = (int32_t)i;
        *at = places_position(s, *partition, owner);
    }
    return at->mark.record >= 0;
}

static bool places_same_topic(struct places *s, rd_kafka_t *rk, const struct config *c,
                              int32_t partition, const struct position_owner *owner) {
    struct position at;
    uint32_t id = s->ids.topic ? place_ids_of(rk, s->topic, IDS_MS).topic : 0;
    if (id) return id == s->ids.topic;
    if (!places_marked(s, &partition, &at, owner)) return true;
    return witness_ask(&s->witness, c, s->topic, partition, &at.mark) != WITNESS_OTHER;
}

void places_wake(struct places *s, rd_kafka_t *rk, const struct config *c,
                 rd_kafka_message_t *const *message, ssize_t messages, int64_t now_ms,
                 const struct position_owner *owner) {
    int64_t pause_ms = now_ms - s->record_ms;
    ssize_t first = 0; // events may stand before it
    while (first < messages && message[first]->err) first++;
    if (first == messages) return;
    s->record_ms = now_ms;
    if (pause_ms < PAUSE_MS || !places_sure(s, message[first]->partition)) return;
    s->verify = !places_same_topic(s, rk, c, message[first]->partition, owner);
}

/* ---- what does not fit ---- */

/* A place in doubt. ERR_RETRY: the broker does not answer for it, or not yet to be believed. */
static int places_judge(struct places *s, int32_t partition, rd_kafka_t *rk, const struct config *c,
                        bool earliest, const struct position_owner *owner) {
    struct place *p = &s->place[partition];
    struct evidence e;
    p->at = places_position(s, partition, owner);
    TRY(place_ask(p, rk, c, s->topic, partition, &e));
    if (!place_conclude(p, &e)) return ERR_RETRY;
    if (p->at.next < 0) p->lost = LOST_NONE; // it has read nothing, so nothing is lost
    if (p->lost == LOST_NONE) {
        struct position at = place_where(p, e.low);
        places_start(s, partition, &at);
        return 0;
    }
    place_say(p, s->topic, partition, e.low, earliest);
    if (!earliest) return 0;
    metric_add_by(METRIC_positions_moved, p->lost, 1);
    places_start(s, partition, &(struct position){e.low, mark_none()});
    owner->moved(s->index, partition, e.low, owner->opaque);
    return 0;
}

static bool places_judge_all(struct places *s, rd_kafka_t *rk, const struct config *c,
                             bool earliest, const struct position_owner *owner) {
    bool judged = false;
    s->doubts = false;
    for (size_t i = 0; i < s->n; i++) {
        if (!s->reading[i] || !s->place[i].doubt) continue;
        int result = places_judge(s, (int32_t)i, rk, c, earliest, owner);
        judged |= result == 0;
        s->doubts |= result < 0;
    }
    return judged;
}

/* Every place is read again from the record before its position. */
static void places_verify(struct places *s, const struct position_owner *owner) {
    for (size_t i = 0; i < s->n; i++) {
        if (!s->reading[i] || s->place[i].lost != LOST_NONE || s->place[i].doubt) continue;
        struct position at = places_position(s, (int32_t)i, owner);
        places_start(s, (int32_t)i, &at);
    }
}

int places_settle(struct places *s, rd_kafka_t *rk, const struct config *c, bool earliest,
                  const struct position_owner *owner) {
    if (!places_unsettled(s)) return 0;
    if (clock_ms() - s->asked_ms < ASK_AGAIN_MS) return 0;
    bool again = s->verify;
    if (s->verify) {
        s->ids = place_ids_of(rk, s->topic, IDS_MS);
        places_verify(s, owner);
    }
    s->verify = false;
    if (s->doubts) again |= places_judge_all(s, rk, c, earliest, owner);
    s->asked_ms = clock_ms();
    places_count_unsure(s);
    return again;
}

void places_restart(struct places *s, const struct position_owner *owner,
                    rd_kafka_topic_partition_list_t *list) {
    for (size_t i = 0; i < s->n; i++) {
        struct place *p = &s->place[i];
        if (!s->reading[i] || p->lost != LOST_NONE || p->doubt) continue;
        struct position at = place_sure(p) ? places_position(s, (int32_t)i, owner) : p->at;
        if (place_sure(p)) at.mark.record = -1;
        rd_kafka_topic_partition_list_add(list, s->topic, (int32_t)i)->offset =
            places_start(s, (int32_t)i, &at);
    }
    places_count_unsure(s);
}
