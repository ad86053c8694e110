/* Rules for single texts of the configuration: entries of lists, and options that are one text.
 *
 * Each answers NULL, or what is wrong with the text, to stand behind it in a message ("is not a
 * JSON pointer"). Static storage. An empty text is handed to them only as an entry of a list.
 *
 * Thread: any thread */
#pragma once

#include "base/text.h"

/* Letters, digits, '.', '_' and '-': goes into names of groups, transactions and files. */
const char *text_rule_name(struct text t);
/* What Kafka takes for a topic. */
const char *text_rule_topic(struct text t);
/* A JSON pointer to something inside the event (RFC 6901), so not the empty one. */
const char *text_rule_pointer(struct text t);
/* "POINTER=VALUE": such a pointer, without a '=' in it, and any value. */
const char *text_rule_ignored(struct text t);
/* The same, or the pointer alone. */
const char *text_rule_blocked(struct text t);
/* A class name: 1 to CLASS_BYTES_MAX bytes, no control characters. */
const char *text_rule_class(struct text t);
/* Width of a hidden layer: 1 to HIDDEN_WIDTH_MAX. */
const char *text_rule_width(struct text t);
/* Number of a processor: 0 to CPU_MAX. */
const char *text_rule_cpu(struct text t);
/* Labels that a member is fitted on: 1 to MEMORY_MAX. */
const char *text_rule_memory(struct text t);
/* What a field may say instead of a number, without blanks around it. */
const char *text_rule_null(struct text t);
/* A number as value_read takes it. */
const char *text_rule_number(struct text t);
/* "PARTITION OFFSET NUMBER", three whole numbers from 0. */
const char *text_rule_switch(struct text t);
/* HOST:PORT that a socket can be bound to without asking a name server, or unix:/PATH. */
const char *text_rule_listen(struct text t);
/* http://HOST[:PORT][/PATH] or https, without credentials, query and final "/". */
const char *text_rule_url(struct text t);
/* A text with places that a task fills in: {id} and the like. */
const char *text_rule_template(struct text t);
/* The same, from "/" on, as the path of an address. */
const char *text_rule_path(struct text t);
/* HOST:PORT,HOST:PORT without credentials. */
const char *text_rule_brokers(struct text t);
