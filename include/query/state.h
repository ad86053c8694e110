/* The selection state of one partition: everything that a decision depends on beside the sample and
 * the model.
 *
 * It travels in the metadata of the committed offset (≤ 512 bytes of text), in the same transaction
 * as the tasks, so that offset, requests and state move together or not at all (promises I1, I2,
 * I4, I6). Tokens are fixed point: sums are exact.
 * Thread: the worker thread that owns the partition */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include "config/limits.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    STATE_WINDOW = 128,
    STATE_SHARES = MIX_MAX,
    STATE_OWN = 4,
    STATE_REGIONS = 16,
    STATE_TEXT_MAX = 512
};

#define TOKEN_ONE ((int64_t)1 << 32) // one label, in tokens
#define SAVED_ONE ((int64_t)1 << 14) // tokens of a unit of pool_saved: a label is 2^18 of them

struct cap_counter {
    uint32_t period; // hour or day number since 1970
    uint32_t strategy,
        random_;   // labels charged in it, by arm; a sample that both asked counts in both
    uint8_t block; // of random_, by the random arm's present block: 0 or 1
};

struct partition_state {
    uint64_t policy, model; // in force when the state was saved; model is the version whose
                            // utilities fill the window
    uint64_t admitted;      // samples decided
    uint64_t
        covered; // of them, decided while neither paused nor capped: what the estimate speaks for
    uint64_t asked; // labels asked for, for the whole life of the partition
    int64_t tokens; // the purse: what the strategy arm may spend, random arm's blocks begun so far
                    // paid (daemon/query/budget.c)
    uint64_t block_start; // admitted count at which the random arm's present block began
    uint32_t block_size;  // m of that block; 0: none yet
    uint8_t both;         // 1: in that block both arms asked one sample
    uint32_t grant_left;  // of budget.upfront
    struct cap_counter hour, day;
    uint32_t pool_saved; // of tokens, saved for the pool's next window, in units of SAVED_ONE;
                         // exact only at a window's end
    uint8_t pending[STATE_REGIONS / 2]; // requests by region of the feature space since the model
                                        // moved, four bits each (query.pending_discount)
    uint32_t own[STATE_OWN];            // words of the budget manager, zero at first
    uint32_t memory_of; // fingerprint of the manager and measures that own words and window belong
                        // to; others forget them
    uint8_t window_n[STATE_SHARES],
        window_at[STATE_SHARES];   // by measure of a mix: values held, place of the next
    uint16_t window[STATE_WINDOW]; // utilities as codes that order as the utilities do
                                   // (utility_code); equal shares
    /* Within a pool's window only; nothing is saved there, so these don't travel. */
    int64_t saving; // tokens of the purse that are the pool's
    uint32_t owed;  // tokens to come back when the window ends (daemon/query/budget.c)
};

/* Monotone 16-bit code of a utility, and back: decisions use the rounded value, so a state that
 * went through Kafka decides as one that did not. NaN codes as the least. */
uint16_t utility_code(double utility);
double utility_value(uint16_t code);

/* out: STATE_TEXT_MAX + 1 bytes; returns the length. offset: the committed (next) offset; topic:
 * hash of the topic name. */
size_t state_write(const struct partition_state *s, uint64_t topic, int64_t offset, char *out);
/* ERR_MISSING: no metadata (never written or wiped); ERR_CORRUPT; ERR_MISMATCH: of another topic or
 * offset (an operator moved the offset). *s is untouched unless 0. */
int state_read(struct partition_state *s, uint64_t topic, int64_t offset,
               struct text metadata) MUST_CHECK;
