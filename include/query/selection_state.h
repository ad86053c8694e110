/* The selection state of one partition: everything that a decision depends on beside the sample,
 * the model and the policy.
 *
 * It travels as text of at most 512 bytes in the metadata of the committed offset, in the same
 * transaction as the tasks, so that offset, requests and state move together or not at all
 * (promises I1, I2, I4, I6). Tokens are fixed point, so that sums are exact. docs/FORMATS.md has
 * the layout.
 *
 * Thread: the worker thread that owns the partition; simulation */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include "config/limits.h"
#include "estimate/unasked.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    STATE_WINDOW = 128,            // utilities remembered
    STATE_SHARES = MIX_MAX,        // measures of a mix, at most
    STATE_OWN = 4,                 // words of the budget manager: one for each measure of a mix
    STATE_REGIONS = 16,            // of the feature space, in which requests are counted
    STATE_PIECES = 16,             // of a block's length, that a sample takes in the mean
    STATE_WEIGHTED_MOST = 1 << 20, // m of a block whose draws are weighted, at most
    STATE_TEXT_MAX = 512, // characters of the text, at most; who the position is of stands behind
};

#define TOKEN_ONE ((int64_t)1 << 32) // tokens of one label
#define SAVED_ONE ((int64_t)1 << 14) // tokens of a unit of pool_saved: a label is 2^18 of them

/* Labels charged to a cap in its present period. */
struct cap_counter {
    uint32_t strategy; // labels of the strategy arm; a sample that both arms asked counts in both
    uint32_t random_;  // labels of the random arm
    uint8_t block;     // 1: of random_, those of the random arm's present block, which are one, or
                       // more where it is doubled
    uint8_t late;      // 1: the partition got its share within this period; what it did not get of
                       // it counts as charged (daemon/query/division.c)
};

struct partition_state {
    uint64_t policy;   // number of the policy in force when the state was saved
    uint64_t model;    // version whose utilities fill the window
    uint64_t admitted; // samples decided
    uint64_t
        covered; // of them, decided while neither paused nor capped: the estimate speaks for them
    uint64_t asked; // labels paid for, in the whole life of the partition
    /* The token bucket (daemon/query/budget.c). */
    int64_t tokens;        // held; the random arm's present block is paid
    uint8_t lent;          // labels of budget.loan that are not paid back yet
    uint64_t block_start;  // admitted count at which that block began
    uint32_t block_size;   // m of that block; 0: none yet
    uint64_t block_passed; // pieces of its m · STATE_PIECES that have passed
    uint8_t weighted;      // 1: its samples take pieces by their doubt, not all the same
    uint32_t doubt;        // of a sample in the mean, as a level (daemon/query/draw_weight.c)
    uint8_t both;          // 1: in that block both arms asked one sample
    uint8_t doubled;       // labels that it has paid beside the first: 1 for a second reader, 2
                           // where a third may follow
    uint32_t grant;        // labels of budget.upfront that are or were the partition's; UINT32_MAX:
                           // not known, the state was lost
    uint32_t grant_left;   // of them, not asked yet
    /* Caps, and the division among the partitions. */
    uint32_t divisor;   // partitions that caps and grant were last divided by; 0: not known
    uint8_t waiting;    // 1: the partition has no share yet
    uint32_t cap_hour;  // hour since 1970 that the caps count; the day is that hour's
    uint32_t cap_doubt; // unit of ten minutes since 1970 in which the clock was first seen far from
                        // that hour; 0: it is near
    uint8_t doubt_strategy, doubt_random; // labels of each arm since then
    struct cap_counter hour, day;
    uint32_t pool_saved; // tokens saved for the pool's next window, in units of SAVED_ONE; exact
                         // only at a window's end
    /* Requests by region since the model moved, four bits each (query.pending_discount). */
    uint8_t pending[STATE_REGIONS / 2];
    /* What the budget manager remembers. */
    uint32_t own[STATE_OWN];         // its words, zero at first
    uint32_t memory_of;              // fingerprint of the manager and measures that own words and
                                     // window belong to; under others they are forgotten
    uint8_t window_n[STATE_SHARES];  // utilities held, by measure of a mix
    uint8_t window_at[STATE_SHARES]; // place of the next
    uint16_t window[STATE_WINDOW];   // codes of utilities (utility_code); equal shares
    /* For the figures. */
    struct unasked unasked; // of covered samples that had a model, since the last task
    uint16_t capacity;      // level of unasked_within
    /* Used inside a window of the pool only; no state is saved there, so these do not travel. */
    int64_t saving; // of the tokens, those that are the pool's
    uint32_t owed;  // labels refunded when the window ends (daemon/query/budget.c)
};

/* The monotone 16-bit code of a utility, and the utility that a code stands for. Decisions use the
 * rounded value, so that a state which went through Kafka decides as one that did not. NaN has the
 * least code. */
uint16_t utility_code(double utility);
double utility_value(uint16_t code);

/* Writes the text, NUL-terminated, and returns its length. topic: hash of the topic's name; offset:
 * the committed offset, which is the next to be read; out: STATE_TEXT_MAX + 1 bytes. */
size_t state_write(const struct partition_state *s, uint64_t topic, int64_t offset, char *out);

/* Reads untrusted metadata. What is read holds its contract: no count or place beyond what a run
 * can reach. Its CRC finds damage, not malice: whoever may commit for the group can choose tokens
 * and counters within those bounds. *s is untouched unless 0 is returned. ERR_MISSING: there is
 * none (never written, or wiped); ERR_CORRUPT; ERR_MISMATCH: it is of another topic or offset (an
 * operator moved the offset). */
int state_read(struct partition_state *s, uint64_t topic, int64_t offset,
               struct text metadata) MUST_CHECK;
