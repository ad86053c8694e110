/* Random numbers that a replay draws again: a number is a function of keys, never of a hidden state
 * (promise I6).
 *
 * Mixing is splitmix64's finaliser (Steele, Lea, Flood 2014) applied once per key: statistically
 * good, one multiplication chain per key, no state to store. Independent uses name independent
 * streams.
 *
 * Thread: any thread */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Who draws. Each use has a stream of its own, so its draws are independent of all others. */
enum rng_stream {
    RNG_ARM = 1,
    RNG_TIE,
    RNG_COLD,
    RNG_MANAGER,
    RNG_MIX,
    RNG_FIT,
    RNG_DEMO,
    RNG_ORACLE,
    RNG_TEST,
    RNG_POOL,
    RNG_PENDING,
    RNG_SECOND,
    RNG_GOLD
};

/* A bijection of 64 bits in which each bit of x moves about half of the result. */
static inline uint64_t rng_mix(uint64_t x) {
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* 64 random bits for the stream under (seed, a, b, c); callers give topic hash, partition and
 * offset. */
static inline uint64_t rng_keyed(enum rng_stream stream, uint64_t seed, uint64_t a, uint64_t b,
                                 uint64_t c) {
    uint64_t x = rng_mix(seed ^ (uint64_t)stream << 56);
    x = rng_mix(x ^ a);
    x = rng_mix(x ^ b);
    return rng_mix(x ^ c);
}

/* 53 bits as a number in [0, 1). */
static inline double rng_unit(uint64_t bits) { return (double)(bits >> 11) * 0x1p-53; }

/* An integer in [0, n), n > 0, without measurable bias (128-bit multiply). */
static inline uint64_t rng_below(uint64_t bits, uint64_t n) {
    return (uint64_t)(((unsigned __int128)bits * n) >> 64);
}

/* A sequence for tests, generators and initial weights: the caller owns the counter. */
struct rng {
    uint64_t seed, count;
};

/* The next 64 random bits. */
static inline uint64_t rng_next(struct rng *r) { return rng_mix(r->seed ^ rng_mix(r->count++)); }
/* The next number in [0, 1). */
static inline double rng_next_unit(struct rng *r) { return rng_unit(rng_next(r)); }
/* A standard normal deviate; takes two numbers of the sequence. */
double rng_next_normal(struct rng *r);

/* FNV-1a, 64 bits: names and topics to keys. */
static inline uint64_t hash_bytes(const void *data, size_t n) {
    uint64_t h = 0xCBF29CE484222325u;
    for (size_t i = 0; i < n; i++) h = (h ^ ((const unsigned char *)data)[i]) * 0x100000001B3u;
    return h;
}
