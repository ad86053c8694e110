/* The id of a task: a function of where its sample stands and when it was, so nothing has to
 * remember which ids were given, and a sample that is decided again after a crash has the id of
 * before.
 *
 * Its shape is that of a UUID version 7 (RFC 9562), so tools that know UUIDs take it, and ids in
 * order of their bytes are in order of time. Where the record time of a sample is known to no one
 * it counts as 0.
 *
 * Thread: any thread */
#include "route/task_id.h"

#include "base/error.h"
#include "base/rng.h"

#include <inttypes.h>
#include <stdio.h>

enum { TIME_BITS = 48 }; // of the record time

static uint64_t task_time_part(int64_t time_ms) {
    const int64_t most = ((int64_t)1 << TIME_BITS) - 1;
    if (time_ms < 0) return 0;
    return (uint64_t)(time_ms > most ? most : time_ms);
}

void task_id(char out[TASK_ID_LENGTH + 1], struct text topic, int32_t partition, int64_t offset,
             int64_t time_ms) {
    uint64_t name = hash_bytes(topic.at, topic.len), t = task_time_part(time_ms);
    uint64_t a = rng_mix(rng_mix(rng_mix(name) ^ (uint32_t)partition) ^ (uint64_t)offset),
             b = rng_mix(a ^ name);
    snprintf(out, TASK_ID_LENGTH + 1,
             "%08" PRIx64 "-%04" PRIx64 "-7%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64, t >> 16,
             t & 0xFFFF, b & 0xFFF, 0x8000 | (a >> 48 & 0x3FFF), a & 0xFFFFFFFFFFFF);
}

int task_id_parse(uint8_t out[TASK_ID_BYTES], struct text id) {
    if (!id.at || id.len != TASK_ID_LENGTH) return ERR_INPUT;
    size_t n = 0; // digits so far
    for (size_t i = 0; i < TASK_ID_LENGTH; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        int digit = text_hex_digit(id.at[i]);
        if (dash ? id.at[i] != '-' : digit < 0) return ERR_INPUT;
        if (dash) continue;
        out[n / 2] = n % 2 ? (uint8_t)(out[n / 2] | digit) : (uint8_t)(digit << 4);
        n++;
    }
    return out[6] >> 4 == 7 && out[8] >> 6 == 2 ? 0 : ERR_INPUT;
}

static int task_id_turn(int from, int to) {
    CHECK(from >= 1 && from <= OPINIONS_MAX && to >= 1 && to <= OPINIONS_MAX);
    return (from - 1) ^ (to - 1);
}

void task_id_read_by(uint8_t id[TASK_ID_BYTES], int from, int to) {
    id[TASK_ID_BYTES - 1] ^= (uint8_t)task_id_turn(from, to);
}

void task_id_text_read_by(char id[TASK_ID_LENGTH + 1], int from, int to) {
    static const char digits[] = "0123456789abcdef";
    int last = text_hex_digit(id[TASK_ID_LENGTH - 1]);
    CHECK(last >= 0);
    id[TASK_ID_LENGTH - 1] = digits[last ^ task_id_turn(from, to)];
}

int64_t task_id_time(const uint8_t id[TASK_ID_BYTES]) {
    int64_t ms = 0;
    for (size_t i = 0; i < 6; i++) ms = ms << 8 | id[i];
    return ms;
}
