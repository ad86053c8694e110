/* One configuration in two editions: for the demo's own topics and directory, and for a user to go
 * on from.
 *
 * Fraud is rare, so on the generated stream labels are asked where fraud is likely as well as where
 * the model is unsure (config/fraud.yaml says more). A file gets the daemon's default measure.
 *
 * Thread: main thread */
#include "demo/demo_config.h"

#include <inttypes.h>

static const char generator_measure[] = "mix",
                  generator_mix[] = "{risk: 0.7, log_odds_margin: 0.3}";

static void demo_config_pair(struct buf *yaml, const char *key, const char *value) {
    buf_printf(yaml, "  %s: ", key);
    buf_json_str(yaml, value); // a JSON string is a YAML string
    buf_str(yaml, "\n");
}

static void demo_config_write_query(const struct demo_config_options *o, struct buf *yaml) {
    const char *measure = o->generator ? generator_measure : NULL;
    if (o->measure) measure = o->measure;
    if (measure || o->manager) buf_str(yaml, "query:\n");
    if (measure) demo_config_pair(yaml, "measure", measure);
    if (measure && strcmp(measure, "mix") == 0) buf_printf(yaml, "  mix: %s\n", generator_mix);
    if (o->manager) demo_config_pair(yaml, "manager", o->manager);
    buf_str(yaml, "budget:\n  rate: ");
    buf_double(yaml, o->budget);
    buf_str(yaml, "\n");
}

static void demo_config_write_topics(const struct demo_config_options *o, int partitions,
                                     struct buf *yaml) {
    static const char *const roles[][2] = {{"samples", "samples"},
                                           {"tasks", "tasks"},
                                           {"labels", "labels"},
                                           {"models", "models"},
                                           {"dead_letters", "dead-letters"},
                                           {"predictions", "predictions"}};
    buf_str(yaml, "topics:\n");
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        buf_printf(yaml, "  %s: %s-%s\n", roles[i][0], o->name, roles[i][1]);
    buf_printf(yaml, "  partitions: %d\n", partitions);
}

int demo_config_write(const struct demo_config_options *o, struct samples *samples,
                      struct buf *yaml, struct buf *why) {
    buf_str(yaml, "service:\n");
    demo_config_pair(yaml, "name", o->name);
    demo_config_pair(yaml, "instance", "demo");
    demo_config_pair(yaml, "state_dir", o->state_dir);
    buf_printf(yaml, "  delivery: %s\n  seed: %" PRIu64 "\nkafka:\n",
               o->exactly_once ? "exactly_once" : "at_least_once", o->seed);
    demo_config_pair(yaml, "brokers", o->brokers);
    demo_config_write_topics(o, samples_partitions(samples), yaml);
    demo_config_write_query(o, yaml);
    buf_str(yaml, "route:\n  interval: 10ms\ntrain:\n  interval: 100ms\nwatch:\n");
    demo_config_pair(yaml, "listen", o->listen);
    return samples_config(samples, yaml, why);
}

int demo_config_write_own(const struct demo_config_options *o, struct samples *samples,
                          struct buf *yaml, struct buf *why) {
    buf_str(yaml, "# What `winnowd demo` ran with, for a Kafka of your own: `winnowd check -c FILE "
                  "--online` says what is still missing, `winnowd topics\n"
                  "# -c FILE --create` makes the topics. Every other option has its default "
                  "(docs/OPTIONS.md).\nkafka:\n");
    demo_config_pair(yaml, "brokers", o->exactly_once ? o->brokers : "127.0.0.1:9092");
    buf_str(yaml, "topics:\n  predictions: predictions\n");
    demo_config_write_query(o, yaml);
    return samples_config(samples, yaml, why);
}
