/* librdkafka by itself, for scripts/bench: what it costs to have the records at all, and a fast way
 * to write the topics.
 *
 *   bench-client idle BROKERS TOPIC PARTITIONS MESSAGES [PROPERTY=VALUE...] consumes so many in
 *   batches and does nothing with them
 *   bench-client fill BROKERS TOPIC PARTITIONS MESSAGES FILE [PROPERTY=VALUE...] writes the lines
 *   of FILE, again and again
 *
 * Prints one JSON line: messages, seconds from the first to the last message, and CPU seconds of
 * all threads together in that time. */
#include <librdkafka/rdkafka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { BATCH = 1000, TIMEOUT_MS = 60000, LINES_MAX = 65536 };

struct reading {
    double wall, cpu;
};

static struct reading now(void) {
    struct timespec t;
    struct rusage use;
    clock_gettime(CLOCK_MONOTONIC, &t);
    getrusage(RUSAGE_SELF, &use);
    return (struct reading){(double)t.tv_sec + (double)t.tv_nsec * 1e-9,
                            (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
                                (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6};
}

static void say(size_t messages, struct reading from) {
    struct reading to = now();
    printf("{\"messages\": %zu, \"seconds\": %.6f, \"cpu\": %.6f}\n", messages, to.wall - from.wall,
           to.cpu - from.cpu);
}

static void die(const char *what, const char *why) {
    fprintf(stderr, "bench-client: %s: %s\n", what, why);
    exit(70);
}

static void set(rd_kafka_conf_t *conf, const char *key, const char *value) {
    char why[256];
    if (rd_kafka_conf_set(conf, key, value, why, sizeof why) != RD_KAFKA_CONF_OK) die(key, why);
}

static rd_kafka_t *handle(rd_kafka_type_t type, const char *brokers, char **properties) {
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", brokers);
    if (type == RD_KAFKA_CONSUMER) set(conf, "group.id", "bench-client");
    for (; *properties; properties++) {
        char *equals = strchr(*properties, '=');
        if (!equals) die(*properties, "not PROPERTY=VALUE");
        *equals = '\0';
        set(conf, *properties, equals + 1);
    }
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof why);
    if (!rk) die("rd_kafka_new", why);
    return rk;
}

static void idle(const char *brokers, const char *topic, int partitions, size_t wanted,
                 char **properties) {
    rd_kafka_t *rk = handle(RD_KAFKA_CONSUMER, brokers, properties);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_poll_set_consumer(rk);
    rd_kafka_assign(rk, list);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(rk);
    static rd_kafka_message_t *message[BATCH];
    struct reading from = {0};
    size_t n = 0;
    while (n < wanted) {
        rd_kafka_message_t *first = rd_kafka_consumer_poll(rk, TIMEOUT_MS);
        if (!first) die(topic, "no messages");
        if (first->err) die(topic, rd_kafka_message_errstr(first));
        if (!n) from = now();
        rd_kafka_message_destroy(first);
        ssize_t more = rd_kafka_consume_batch_queue(queue, 0, message, BATCH);
        for (ssize_t i = 0; i < more; i++) rd_kafka_message_destroy(message[i]);
        n += 1 + (size_t)(more > 0 ? more : 0);
    }
    say(n, from);
    fflush(stdout);
    _Exit(0); // taking the handle down is not measured and can take seconds
}

static size_t read_lines(const char *file, char **line) {
    FILE *f = fopen(file, "r");
    size_t n = 0, room = 0;
    if (!f) die(file, "cannot be read");
    for (ssize_t length; n < LINES_MAX && (length = getline(&line[n], &room, f)) > 0; n++, room = 0)
        if (line[n][length - 1] == '\n') line[n][length - 1] = '\0';
    fclose(f);
    if (!n) die(file, "is empty");
    return n;
}

static void fill(const char *brokers, const char *topic, int partitions, size_t wanted,
                 const char *file, char **properties) {
    static char *line[LINES_MAX + 1];
    size_t lines = read_lines(file, line);
    rd_kafka_t *rk = handle(RD_KAFKA_PRODUCER, brokers, properties);
    rd_kafka_topic_t *t = rd_kafka_topic_new(rk, topic, NULL);
    struct reading from = now();
    for (size_t i = 0; i < wanted;) {
        const char *value = line[i % lines];
        if (rd_kafka_produce(t, (int)(i % (size_t)partitions), RD_KAFKA_MSG_F_COPY, (void *)value,
                             strlen(value), NULL, 0, NULL) == 0)
            i++;
        else if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            die(topic, rd_kafka_err2str(rd_kafka_last_error()));
        if (i % 100 == 0 || rd_kafka_last_error())
            rd_kafka_poll(rk, rd_kafka_outq_len(rk) > 400000 ? 10 : 0);
    }
    if (rd_kafka_flush(rk, TIMEOUT_MS)) die(topic, "not all was delivered");
    say(wanted, from);
    rd_kafka_topic_destroy(t);
    rd_kafka_destroy(rk);
}

int main(int argc, char **argv) {
    if (argc >= 6 && strcmp(argv[1], "idle") == 0)
        idle(argv[2], argv[3], atoi(argv[4]), strtoul(argv[5], NULL, 10), argv + 6);
    else if (argc >= 7 && strcmp(argv[1], "fill") == 0)
        fill(argv[2], argv[3], atoi(argv[4]), strtoul(argv[5], NULL, 10), argv[6], argv + 7);
    else return 64;
    return 0;
}
