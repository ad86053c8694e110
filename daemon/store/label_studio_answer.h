/* An answer in the forms in which Label Studio hands it out: its webhook, an element of its export
 * JSON, an element of JSON_MIN. Private to label.c.
 *
 * Thread: any thread */
#pragma once

#include "base/json.h"

/* 1: *answer is the same answer in our own form (docs/FORMATS.md), for cJSON_Delete. 0: the object
 * is in none of those forms. ERR_MISSING with *why: a webhook that tells of no answer. ERR_INPUT
 * with *why: an answer that says nothing of the control. control: name of the choices control
 * (route.label_control). */
int label_studio_answer(cJSON **answer, const cJSON *object, const char *control, const char **why);
