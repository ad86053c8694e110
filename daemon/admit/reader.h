/* What the readers behind decoder_read share: the sample's bytes, where values go, and the layout
 * of the sample before.
 *
 * Thread: worker thread (one decoder each) */
#pragma once

#include "admit/decoder.h"
#include "framed.h"
#include "layout.h"
#include "select.h"

/* A bracket that is open. */
struct level {
    struct pointer_node
        *node; // whose children its entries may be; NULL: no pointer leads further down
    struct pointer_node *last; // the child met last; NULL: none yet
    size_t index;              // of an array: of the next entry
    char close;                // '}' or ']'
};

struct decoder {
    struct arena arena; // the pointers
    struct pointer_node root;
    size_t n, max_depth, max_bytes;
    enum reason (*read)(struct decoder *d, struct text json, struct value *values);
    uint64_t reads;       // the number of this one
    bool infinite;        // a mapped number was
    struct value nowhere; // what is not mapped goes here
    struct buf copy;      // of the sample, PADDING zeros behind it; texts lose their escapes here
    struct buf key;       // one key without its escapes
    struct level *level;  // (max_depth)
    struct layout layout;
    char *open;         // (max_depth) for json_check
    struct buf text;    // reader_cjson: texts of this sample that a C string cannot hold
    struct cJSON *tree; // reader_cjson: of this sample
    struct view view;
    struct framed framed; // values with a schema registry's header
    struct text event;    // pointer to the event in the record; empty: the record is the event
};

/* decoder_read for a sample that is neither empty nor too large. Same values, same reason,
 * whichever. */
enum reason reader_portable(struct decoder *d, struct text json, struct value *values);
enum reason reader_avx2(struct decoder *d, struct text json,
                        struct value *values); // where cpu_has_avx2()
enum reason reader_cjson(struct decoder *d, struct text json, struct value *values);
