/* Reads whole topics from chosen offsets, without a group: tasks and labels for the learner, the
 * models topic for everyone, tasks and predictions for oracles and the demo. read_committed always.
 *
 * Thread: the thread that owns it */
#pragma once

#include "base/position.h"
#include "config/config.h"

struct reader;

struct reader_record {
    size_t topic; // index into the names given
    int32_t partition;
    int64_t offset, time_ms;
    struct text key, value; // at NULL: absent; borrowed until reader_release
    size_t chunks;          // header "chunks" as a number, 0 when there is none
    void *message;
};

enum { READER_TOPICS = 4 };

/* names: topics, (n). ERR_CONFIG with *why. */
int reader_create(struct reader **out, const struct config *c, const char *const *names, size_t n,
                  struct buf *why) MUST_CHECK;
void reader_destroy(struct reader *r);
/* Before reader_start: the owner keeps the positions. Each partition then starts at its position
 * there, which must prove to belong to it; one that does not stands still, or is moved
 * (kafka.lost_position), and the others go on. Without an owner a topic that was made anew, or that
 * lost what was to be read next, is read again from its beginning (said). Copied. */
void reader_keep(struct reader *r, const struct position_owner *owner);
/* Finds the partitions only. ERR_RETRY as reader_start. */
int reader_find_topics(struct reader *r) MUST_CHECK;
/* Finds the partitions and starts reading: `start` answers where for each (negative or NULL: at the
 * beginning); with an owner (reader_keep) its positions do. Again later: takes over partitions that
 * were added, and with an owner looks again whether the positions fit. ERR_RETRY: a topic is
 * missing or the broker away (said in the log). */
int reader_start(struct reader *r, int64_t (*start)(size_t topic, int32_t partition, void *opaque),
                 void *opaque) MUST_CHECK;
/* Up to `most` records; waits timeout_ms for the first. Returns how many. With an owner: its
 * positions must count every record of the calls before. */
int reader_poll(struct reader *r, struct reader_record *out, size_t most,
                int timeout_ms) MUST_CHECK;
/* An end of a partition that was reached since the last call, transaction markers included; every
 * record before it was handed out. False: there is none. */
bool reader_next_end(struct reader *r, size_t *topic, int32_t *partition, int64_t *end);
/* The end of a partition that is being read, open transactions included, as the last fetch said;
 * OFFSET_UNKNOWN: none has said so yet. What is between it and OFFSET_END is held back. */
int64_t reader_high(const struct reader *r, size_t topic, int32_t partition);
/* How long the topic has held back what is in it, in ms: a record is handed out when every
 * transaction that began before it has ended, so one that stays open, of whatever writer, holds up
 * all that came later. 0: it does not. Since it was first asked. */
int64_t reader_held_up(struct reader *r, size_t topic);
/* Partitions that stand still, by what is wrong with their position; adds to out[]. */
void reader_lost_positions(const struct reader *r, size_t out[LOST_NONE]);
/* Whether it is known by now if a partition's position fits: *lost. Of a reader with an owner whose
 * positions have marks. */
bool reader_position_known(const struct reader *r, size_t topic, int32_t partition,
                           enum lost *lost);
/* Ids of topic and cluster as in a mark; 0: not known. Of the last reader_start. */
void reader_ids(const struct reader *r, size_t topic, uint32_t *topic_id, uint32_t *cluster_id);
void reader_release(struct reader *r, struct reader_record *records, size_t n);
/* Trusted: that the library has checked sizes, so a text is as long as it says. Not trusted: names,
 * values, their number and their order; key, value and time. */
/* Calls visit for each header of a record, in their order; texts are borrowed from the record. */
void reader_headers(const struct reader_record *r,
                    void (*visit)(struct text name, struct text value, void *opaque), void *opaque);
/* The last header of that name; at NULL: none. Borrowed from the record. */
struct text reader_header(const struct reader_record *r, const char *name);

/* In the place of an offset, and of a time where one is asked for. */
enum {
    OFFSET_END = -1,       // behind the last record
    OFFSET_BEGINNING = -2, // the first record that is kept
    OFFSET_UNKNOWN = -1001 // the broker gave no answer in time
};
/* Where a partition of the topic-th topic is at a time: the first offset stamped from time_ms on
 * (OFFSET_BEGINNING, OFFSET_END: its ends now). OFFSET_END: nothing is as late; OFFSET_UNKNOWN: no
 * answer in timeout_ms. Also before reader_start. */
int64_t reader_offset_at(struct reader *r, size_t topic, int32_t partition, int64_t time_ms,
                         int timeout_ms);
/* Appends the id of the cluster; nothing where the broker tells none. ERR_RETRY: no broker answers
 * in that time. Also before reader_start. */
int reader_cluster(struct reader *r, struct buf *out, int timeout_ms) MUST_CHECK;
/* Asks for a topic, also for one that is not read. 0: it is there; ERR_MISSING: it is not;
 * ERR_CONFIG: we may not describe it; ERR_RETRY: no broker answers within that time. */
int reader_ask(struct reader *r, const char *topic, int timeout_ms) MUST_CHECK;
/* How often a reader without an owner has gone back to the beginning of a partition. */
size_t reader_rereads(const struct reader *r);
/* True once every partition has been read to the end that it had when reader_start was called, or
 * stands still. */
bool reader_caught_up(const struct reader *r);
/* Partitions of a topic, 0 before reader_start. */
int32_t reader_partitions(const struct reader *r, size_t topic);
