/* Predicates on single texts of the configuration: NULL, or what is wrong with it. Thread: any
 * thread */
#pragma once

#include "base/text.h"

const char *wrong_name(struct text t);    // letters, digits, . _ -
const char *wrong_topic(struct text t);   // what Kafka takes for a topic
const char *wrong_pointer(struct text t); // JSON pointer to something inside (RFC 6901)
const char *wrong_class(struct text t);
const char *wrong_width(struct text t);
const char *wrong_cpu(struct text t);
const char *wrong_memory(struct text t);
const char *wrong_number(struct text t);
const char *wrong_switch(struct text t); // "PARTITION OFFSET NUMBER"
const char *
wrong_listen(struct text t); // HOST:PORT that a socket can be bound to without asking a name server
const char *wrong_brokers(struct text t); // HOST:PORT,HOST:PORT
