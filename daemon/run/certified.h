/* What the models topic says of the certificates, class by class. Part of the registry.
 *
 * Thread: that of its registry */
#pragma once

#include "run/registry.h"

struct certified;

/* Of the options' classes, which it borrows as they are borrowed. */
struct certified *certified_create(const struct registry_options *options);
void certified_destroy(struct certified *c);
/* A record of that class; value.at NULL is a tombstone. One that is none, or of other terms, is
 * counted and logged, and puts nothing in force: what stood there before is gone from the topic. */
enum registry_change certified_apply(struct certified *c, struct text class_, struct text value);
/* As it was said last; NULL: it was not. */
const struct certificate *certified_look(const struct certified *c, size_t class_);
