/* Properties of the client library that winnowd can judge: those that a promise depends on are not
 * for the operator, and some times are held against kafka.session_timeout. The others only the
 * library can judge (include/kafka/client.h); where it would refuse one of these times it names no
 * line, and a heartbeat that comes too late neither it nor the broker refuses: the group loses its
 * members, one rebalance after the other.
 *
 * Thread: main thread */
#include "check.h"

#include "config/kafka_properties.h"

#include <math.h>
#include <stdlib.h>

enum { HEARTBEATS = 3 }; // in a session: one that is lost ends no membership

/* What a time is held against. */
enum time_of { TIME_OF_HEARTBEAT, TIME_OF_POLL, TIME_OF_TRANSACTION, TIME_OF_WAIT };

static const struct timed {
    const char *key;
    size_t option; // that it counts under, beside kafka.common
    enum time_of of;
} timed_rows[] = {
    {"heartbeat.interval.ms", OPTION_kafka_consumer, TIME_OF_HEARTBEAT},
    {"max.poll.interval.ms", OPTION_kafka_consumer, TIME_OF_POLL},
    {"socket.timeout.ms", OPTION_kafka_producer, TIME_OF_TRANSACTION},
    {"message.timeout.ms", OPTION_kafka_producer, TIME_OF_TRANSACTION},
    {"delivery.timeout.ms", OPTION_kafka_producer, TIME_OF_TRANSACTION},
    {"linger.ms", OPTION_kafka_producer, TIME_OF_WAIT},
    {"queue.buffering.max.ms", OPTION_kafka_producer, TIME_OF_WAIT},
};

/* A session is kept alive by heartbeats, ends in vain where polls may be rarer than it is long, and
 * a transaction takes half of it, the learner's its own time. Of a message's time 0 is no end. */
static bool timed_is_good(enum time_of of, double ms, int64_t session_ms, int64_t *bound_ms) {
    int64_t transaction_ms =
        session_ms / 2 < RARE_TRANSACTION_MS ? session_ms / 2 : RARE_TRANSACTION_MS;
    const int64_t bounds[] = {[TIME_OF_HEARTBEAT] = session_ms / HEARTBEATS,
                              [TIME_OF_POLL] = session_ms,
                              [TIME_OF_TRANSACTION] = transaction_ms,
                              [TIME_OF_WAIT] = transaction_ms - 1};
    *bound_ms = bounds[of];
    if (of == TIME_OF_TRANSACTION && ms <= 0) return false;
    return of == TIME_OF_POLL ? ms >= (double)*bound_ms : ms <= (double)*bound_ms;
}

static const char *timed_allowed(enum time_of of) {
    static const char *const allowed[] = {[TIME_OF_HEARTBEAT] = "at most",
                                          [TIME_OF_POLL] = "at least",
                                          [TIME_OF_TRANSACTION] = "1 to",
                                          [TIME_OF_WAIT] = "at most"};
    return allowed[of];
}

static const char *timed_why(enum time_of of) {
    static const char *const why[] = {
        [TIME_OF_HEARTBEAT] = ("a third of kafka.session_timeout, or the broker takes a worker "
                               "for dead when one heartbeat is lost"),
        [TIME_OF_POLL] = "kafka.session_timeout",
        [TIME_OF_TRANSACTION] = "the shortest transaction, of half of kafka.session_timeout",
        [TIME_OF_WAIT] = "below the shortest transaction, of half of kafka.session_timeout",
    };
    return why[of];
}

/* What is no number is for the library to refuse; a value in a file is a secret, and no time. */
static void check_timed(struct config_reading *r, size_t option, const struct node *n) {
    char *end;
    double ms = strtod(n->text.at, &end);
    if (!n->text.len || *end || !isfinite(ms) || !check_sound(r, OPTION_kafka_session_timeout))
        return;
    for (size_t i = 0; i < sizeof timed_rows / sizeof *timed_rows; i++) {
        const struct timed *t = &timed_rows[i];
        int64_t bound_ms;
        if (strcmp(t->key, n->key->text.at) != 0 ||
            (option != OPTION_kafka_common && option != t->option) ||
            timed_is_good(t->of, ms, r->config->kafka.session_timeout, &bound_ms))
            continue;
        problem(&r->problems, n->mark, option_rows[option].path,
                "%s: %g is out of range; allowed is %s %lld: %s", t->key, ms, timed_allowed(t->of),
                (long long)bound_ms, timed_why(t->of));
    }
}

void check_properties(struct config_reading *r) {
    static const size_t maps[] = {OPTION_kafka_common, OPTION_kafka_consumer,
                                  OPTION_kafka_producer};
    for (size_t m = 0; m < sizeof maps / sizeof *maps; m++) {
        const struct node *map = r->options[maps[m]].node;
        for (const struct node *n = map && map->kind == NODE_MAP ? map->child : NULL; n;
             n = n->next) {
            const char *why = owned_why(n->key->text.at);
            if (why)
                problem(&r->problems, n->key->mark, option_rows[maps[m]].path,
                        "%s: winnowd sets this itself: %s", n->key->text.at, why);
            else if (n->kind == NODE_SCALAR) check_timed(r, maps[m], n);
        }
    }
}
