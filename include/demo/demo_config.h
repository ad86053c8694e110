/* The YAML that the demo runs with: the daemon reads it as it reads any file.
 * Thread: main thread */
#pragma once

#include "demo/samples.h"

struct demo_config_options {
    const char *name; // service.name, and the prefix of the topics
    const char *brokers;
    const char *state_dir;
    const char *listen;            // "": nothing listens
    const char *measure, *manager; // NULL: what suits the source
    double budget;
    uint64_t seed;
    bool exactly_once;
    bool generator; // not a file
};

/* For this run. ERR_INPUT with *why: the data suit no configuration. */
int demo_config_write(const struct demo_config_options *o, struct demo_source *source,
                      struct buf *yaml, struct buf *why) MUST_CHECK;
/* The same to go on from: a service of its own, topics with plain names. */
int demo_config_write_own(const struct demo_config_options *o, struct demo_source *source,
                          struct buf *yaml, struct buf *why) MUST_CHECK;
