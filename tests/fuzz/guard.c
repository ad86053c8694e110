/* libFuzzer target: any bytes as headers or as the library's statistics are judged without a fault,
 * and no name gets in that is not on the list: a host that is let in is an address, localhost, or
 * the one name; an origin, that host's own page; a token, the token.
 *
 * The first byte chooses. Input is copied, so that reading beyond its end is seen. clang
 * -fsanitize=fuzzer,address,undefined ... tests/fuzz/guard.c */
#include "http/guard.h"
#include "base/error.h"
#include "kafka/stats.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdint.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool let_in(const char *host, size_t n) {
    unsigned char address[16];
    char name[300];
    bool bracketed = *host == '[';
    size_t end = bracketed ? strcspn(host, "]") : strcspn(host, ":");
    if (n > 255) return false;
    snprintf(name, sizeof name, "%.*s", (int)(end - bracketed), host + bracketed);
    return strcasecmp(name, "localhost") == 0 || strcasecmp(name, "monitor.example") == 0 ||
           inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

static void judge_host(const char *text, size_t n) {
    static const char *const names[] = {"monitor.example"};
    if (guard_host((struct text){text, n}, names, 1)) CHECK(let_in(text, n));
}

static void judge_origin(const char *text, size_t n) {
    struct text host = TEXT("localhost:9464");
    bool own = n == host.len + 7
                   ? strncasecmp(text, "http://localhost:9464", n) == 0
                   : n == host.len + 8 && strncasecmp(text, "https://localhost:9464", n) == 0;
    if (guard_origin((struct text){text, n}, host)) CHECK(own);
}

static void judge_token(const char *text, size_t n) {
    if (guard_token((struct text){text, n}, TEXT("secret")))
        CHECK(n == 13 && memcmp(text + 7, "secret", 6) == 0);
}

static void read_stats(const char *text, size_t n) {
    struct kafka_stats s;
    kafka_stats_read(&s, (struct text){text, n});
    CHECK(s.rtt_s >= 0 && s.throttle_s >= 0 && s.fetched >= 0 && s.outgoing >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const judges[])(const char *text, size_t n) = {judge_host, judge_origin,
                                                                 judge_token, read_stats};
    if (!size) return 0;
    char *copy = xmalloc(size);
    memcpy(copy, data + 1, size - 1);
    copy[size - 1] = '\0';
    judges[*data % 4](copy, data[0] % 4 == 3 ? size - 1 : strlen(copy));
    free(copy);
    return 0;
}
