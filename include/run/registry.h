/* What the models topic says, up to one of its offsets: the policy in force and the model versions
 * that can go live.
 *
 * Everything that workers take from learner and operator is a function of a prefix of that topic,
 * so its offset names it (policy.number) and a replay can put it in force again (promise I6).
 *
 * Thread: the follower thread owns a registry; the learner and the command line have their own;
 * snapshots are read by any thread */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/record.h"
#include "estimate/certificate.h"
#include "infer/model.h"
#include "query/policy.h"

enum {
    REGISTRY_VERSIONS = 10, // kept on the topic for rollback, fewer where infer.versions says so;
                            // the learner deletes older ones
    REGISTRY_HELD = 16      // most versions that a registry holds: kept ones, priors and drafts
};

struct registry_options {
    const char *name;    // service.name: records of others on the same topic are not ours
    size_t d;            // columns; 0: take any model (command line)
    struct text classes; // of versions that can go live, and of certificates
    size_t classes_n;    // 0: certificates are not looked at
    uint64_t fingerprint;
    bool quiet;   // the process has another registry that counts and logs
    bool pushes;  // also assemble what was pushed: for the learner, which makes versions of it
    size_t bytes; // of all versions and pushes together, but for those that are needed; 0: no bound
    struct model *base; // in force until the policy wants a version, and a version itself (number
                        // SCORE_MODEL_VERSION) that is on no topic; taken. NULL: there is none
};

/* A model that the command line put on the topic and the learner has not taken yet. */
struct registry_push {
    char id[MODEL_PUSH_ID + 1];
    size_t chunks;
    const struct model *model; // NULL: it was refused, `why` says
    const char *why;
};

/* What the model may answer by itself, of one class. */
struct auto_rule {
    uint32_t threshold;  // of its probability, of UNASKED_ONE; UINT32_MAX: nothing
    int64_t certificate; // number of the certificate that says so
};

/* What a worker decides with: immutable, and its model lives as long as it does. */
struct snapshot {
    struct policy policy;
    const struct model *model;     // NULL: none yet
    struct version *version;       // what keeps the model alive
    const struct auto_rule *auto_; // (classes) NULL: the model answers nothing by itself
};

/* Whether a certificate of the class is in force in it. */
static inline bool snapshot_answers(const struct snapshot *s, size_t class_) {
    return s->auto_ && s->auto_[class_].threshold != UINT32_MAX;
}

enum registry_change {
    CHANGE_NONE,
    CHANGE_POLICY,
    CHANGE_MODEL,
    CHANGE_PROGRESS,
    CHANGE_BRIDGE,
    CHANGE_CERTIFICATE, // of what is granted
    CHANGE_WATCH        // the same certificate again: somebody still bets against it
};

struct registry;

/* Empty but for the base: it knows nothing of the topic yet. Texts of the options are borrowed for
 * its life. */
struct registry *registry_create(const struct registry_options *options);
void registry_destroy(struct registry *r); // after all snapshots were released

/* One record; value.at NULL is a tombstone; chunks: of the header, 0 when there is none. Texts are
 * borrowed for the call. A version that is not what it should be is refused, logged and counted;
 * the one in force stays (I9). */
enum registry_change registry_apply(struct registry *r, struct text key, struct text value,
                                    size_t chunks, int64_t offset);

/* Policy and model in force, as one immutable thing; give it back with registry_release. auto_:
 * what a certificate must promise to be in it; NULL: none is. */
struct auto_terms {
    double error, confidence; // at most
};
struct snapshot *registry_snapshot(struct registry *r, const struct auto_terms *auto_);
void registry_release(struct registry *r, struct snapshot *s);

/* Valid until the next apply. */
const struct policy *registry_policy(const struct registry *r);
/* Whether the topic holds a policy of the learner, or else of the operator. */
bool registry_spoke(const struct registry *r, bool learner);
/* Largest number of a version that was read whole and checked: drafts and what is refused move
 * nothing. */
uint64_t registry_newest(const struct registry *r);
/* The number of the next version: above the newest and above `seen`, which is what its caller has
 * seen elsewhere; but not so far above the newest that other readers would refuse it. */
uint64_t registry_next(const struct registry *r, uint64_t seen);
/* The version that the policy wants; where it wants none, the base; 0: there is none either. */
uint64_t registry_live(const struct registry *r);
/* A complete, checked version, or NULL. */
const struct model *registry_model(const struct registry *r, uint64_t version);
/* Versions that can go live, ascending; returns how many. */
size_t registry_versions(const struct registry *r, uint64_t out[], size_t most);
/* Chunks that a version consists of on the topic (0: unknown): what its tombstones must cover. */
size_t registry_chunks(const struct registry *r, uint64_t version);
/* Bytes of its record, which are those of its numbers in memory too; 0: there is no such version.
 */
size_t registry_bytes(const struct registry *r, uint64_t version);
/* The oldest complete push; false: there is none. Valid until the next apply. */
bool registry_push(const struct registry *r, struct registry_push *out);
/* Next offset of a topic's partition ("tasks" or "labels" as role) that a version has seen; 0: it
 * has seen none of it. */
int64_t registry_seen(const struct model *m, const char *role, int32_t partition);
/* What was said last of a class's certificate; NULL: nothing, or of another feature map or class
 * list. Valid until the next apply. */
const struct certificate *registry_certificate(const struct registry *r, size_t class_);
/* Whether the certificate of a class is in force: by the operator's word, the version in force, and
 * what it must promise. */
bool registry_certified(const struct registry *r, size_t class_, const struct auto_terms *terms);
/* The learner's newest progress record (JSON), empty when none. Valid until the next apply. */
struct text registry_progress(const struct registry *r);

/* Keys of the topic, into out. */
void registry_key(struct buf *out, const char *name, const char *what);
void registry_chunk_key(struct buf *out, const char *name, uint64_t version, size_t index);
void registry_push_key(struct buf *out, const char *name, const char *id, size_t index);
void registry_certificate_key(struct buf *out, const char *name, struct text class_);
/* A record of the topic for a producer that writes to no other. chunks: how many the version or
 * push has, for registry_apply; 0: it is no chunk. The header is of the arena; key and value (at
 * NULL: a tombstone) are borrowed. */
struct producer_record registry_record(struct arena *arena, struct text key, struct text value,
                                       size_t chunks);
/* How a record is cut when it is written. */
enum {
    REGISTRY_CHUNK_BYTES = 900000, // of a chunk, at most
    REGISTRY_CHUNKS = 300          // of a record, at most
};
/* How a record of so many bytes is cut for a topic that takes batches of so many: bytes of a chunk.
 * 0: it would be more chunks than a reader puts together. */
size_t registry_chunk_bytes(const char *name, size_t bytes, size_t batch_bytes);
