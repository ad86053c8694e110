/* Whose a position is: the rules by which an offset is believed or not. Pure; nothing is asked
 * here.
 *
 * An offset is a bare number. The topic may have been deleted and made anew since it was written,
 * retention may have gone past it, a broker may have lost the end of its log. So a position carries
 * a *mark*: the record before it and the ids of topic and cluster, as far as they are known. The
 * record decides where it is still in the log, then the topic's id, then the cluster's; then the
 * position must lie within the log. A position may stand behind transaction markers, which no
 * reader sees, so the record before it need not be its neighbour.
 *
 * Thread: any thread */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include "base/word_list.h"

#include <stdint.h>

/* Why a position does not fit its partition. LOST_NONE is no word: it fits. */
#define LOST_TABLE(FIRST, NEXT)                                                                    \
    FIRST(LOST_GONE, "gone")  /* retention went past what was not read */                          \
    NEXT(LOST_ANEW, "anew")   /* the topic is another one */                                       \
    NEXT(LOST_AHEAD, "ahead") /* the log ends before it */
enum lost { WORDS_ENUM(LOST_TABLE) LOST_NONE };

struct position_mark {
    int64_t record;   // offset of the record before the position; -1: none is known
    int64_t time_ms;  // its timestamp; 0: not known
    uint64_t hash;    // of its key and value
    uint32_t topic;   // hash of the topic's id; 0: not known
    uint32_t cluster; // hash of the cluster's id; 0: not known
    uint32_t born;    // partitions that the topic had when this one was first read; 0: not known
};

/* The next offset to read, and the mark of it. */
struct position {
    int64_t next;
    struct position_mark mark;
};

/* A mark that knows nothing. */
struct position_mark mark_none(void);
/* The record becomes the one before the position; the ids stay. About 0.1 ns a byte. */
void mark_record(struct position_mark *m, int64_t offset, int64_t time_ms, struct text key,
                 struct text value);
/* Whether both are of the same record. */
bool mark_same_record(const struct position_mark *a, const struct position_mark *b);

enum { MARK_TEXT = 70 }; // characters

/* The mark as text for an offset's metadata, behind whatever stands there already; out:
 * MARK_TEXT + 1 bytes. It belongs to exactly that position. */
void mark_write(const struct position_mark *m, int64_t position, char *out);
/* Takes the mark off the end of untrusted metadata: what stands before it stays in *metadata.
 * ERR_MISSING: there is none, and *metadata is as it was; ERR_CORRUPT: it is taken off, but it is
 * damaged or belongs to another position. *m then knows nothing. */
int mark_read(struct position_mark *m, int64_t position, struct text *metadata) MUST_CHECK;

/* The same as bytes, for the label store. */
enum { MARK_BYTES = 36 };
void mark_pack(const struct position_mark *m, unsigned char out[MARK_BYTES]);
/* False: these bytes are no mark. */
bool mark_unpack(struct position_mark *m, struct text bytes);

/* What the broker says of a partition just now. */
struct evidence {
    int64_t low, high;       // first offset that is kept; end
    bool looked;             // the record of the mark was looked for
    bool found;              // a record stands at its offset
    bool same;               // and it is the same one
    bool compacted;          // the topic is compacted: a record may go without retention
    uint32_t topic, cluster; // as in a mark
};

/* What is wrong with the position; LOST_NONE: nothing, it can be read on from there. */
enum lost position_judge(const struct position *p, const struct evidence *e);

/* Where a partition starts that the group never committed, under `admit.start: latest`: at the end
 * only in the group's first life. least_born: the smallest `born` of the topic's committed
 * partitions (0 where one does not say), UINT32_MAX: none is committed. */
bool position_first_life(int32_t partition, uint32_t least_born);
/* Whether the partition was added after that: its first record is then due, at offset 0, and what
 * retention took before it was found is lost as anywhere else. A group that does not say cannot
 * tell. */
bool position_added(int32_t partition, uint32_t least_born);

/* Who keeps the positions of what is read, by topic (index of the reader's names; 0 for the
 * samples) and partition. */
struct position_owner {
    struct position (*position)(size_t topic, int32_t partition, void *opaque); // as of now
    /* It did not fit, and reading goes on at `to`, by kafka.lost_position. */
    void (*moved)(size_t topic, int32_t partition, int64_t to, void *opaque);
    void *opaque;
};

/* The word of the table; "ok" where nothing is wrong. Static. */
const char *lost_name(enum lost l);
/* One sentence for people: what happened to the position. Static. */
const char *lost_text(enum lost l);
