/* The YAML that the demo runs with: the daemon reads it as it reads any file.
 *
 * Thread: main thread */
#pragma once

#include "demo/samples.h"

/* Texts are borrowed during the calls. */
struct demo_config_options {
    const char *name; // service.name, and the prefix of the topics
    const char *brokers;
    const char *state_dir;
    const char *listen;            // "": nothing listens
    const char *measure, *manager; // NULL: what suits the samples
    double budget;                 // budget.rate
    uint64_t seed;
    bool exactly_once;
    bool generator; // the samples are generated, not of a file
};

/* Appends the configuration of this run. ERR_INPUT with *why: no configuration suits the data. */
int demo_config_write(const struct demo_config_options *o, struct samples *samples,
                      struct buf *yaml, struct buf *why) MUST_CHECK;
/* The same for a user to go on from: with the default service, state directory and plain names of
 * topics. */
int demo_config_write_own(const struct demo_config_options *o, struct samples *samples,
                          struct buf *yaml, struct buf *why) MUST_CHECK;
