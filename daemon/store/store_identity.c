/* Whose a label store is: what it was made for (format, feature map, classes), and whose it is
 * (service, topics, cluster).
 *
 * The owner is asked first. A directory of another service is refused and left as it is: it may be
 * wanted, and a rename would take it away from its owner. Everything else that differs is our own
 * past, so the store is renamed and filled again. A store that names no owner (of an earlier
 * version) becomes ours once; a cluster that was not known is added when it is.
 *
 * Thread: learner thread */
#include "store_tables.h"

#include "base/log.h"

#include <inttypes.h>

/* ---- the owner ---- */

/* "service NAME", "tasks TOPIC", "labels TOPIC", "models TOPIC", "cluster ID": one a line, the last
 * without an id where it is not known. */
static void store_owner_add(const struct store_owner *o, struct buf *out) {
    buf_printf(out, "service %s\ntasks %s\nlabels %s\nmodels %s\ncluster %s\n", o->service,
               o->tasks, o->labels, o->models, o->cluster ? o->cluster : "");
}

/* The next line of *rest, which loses it; false: there is none of that name. */
static bool store_owner_line(struct text *rest, const char *name, struct text *value) {
    size_t head = strlen(name) + 1;
    const char *end = rest->len ? memchr(rest->at, '\n', rest->len) : NULL;
    if (!end || (size_t)(end - rest->at) < head || memcmp(rest->at, name, head - 1) != 0 ||
        rest->at[head - 1] != ' ')
        return false;
    *value = (struct text){rest->at + head, (size_t)(end - rest->at) - head};
    *rest = (struct text){end + 1, (size_t)(rest->at + rest->len - (end + 1))};
    return true;
}

bool store_owner_read(struct store_owner_lines *out, struct text value) {
    return store_owner_line(&value, "service", &out->service) &&
           store_owner_line(&value, "tasks", &out->tasks) &&
           store_owner_line(&value, "labels", &out->labels) &&
           store_owner_line(&value, "models", &out->models) &&
           store_owner_line(&value, "cluster", &out->cluster) && !value.len;
}

static bool store_owner_is(struct text there, const char *ours) {
    return text_equal(there, text_of(ours));
}

static int store_owner_write(struct store *s) {
    struct buf ours = {0};
    store_owner_add(&s->options.owner, &ours);
    int result = store_put(s, TABLE_META, "owner", strlen("owner"), ours.at, ours.len);
    buf_release(&ours);
    return result;
}

static int store_owner_refuse(const struct store *s, struct text service, const char **why) {
    *why = "the label store belongs to another service; give this one a service.state_dir of its "
           "own, or move the directory away";
    LOG(ERROR, "store_foreign", *why, L_STR("dir", s->dir), L_TEXT("service", service));
    return ERR_CONFIG;
}

/* What is learned here must come from these topics; the models topic is where versions count. */
static bool store_owner_same_topics(const struct store_owner *ours,
                                    const struct store_owner_lines *there) {
    return store_owner_is(there->tasks, ours->tasks) &&
           store_owner_is(there->labels, ours->labels) &&
           store_owner_is(there->models, ours->models);
}

static int store_owner_check(struct store *s, const char **why) {
    const struct store_owner *ours = &s->options.owner;
    struct store_owner_lines there;
    struct text value;
    if (!ours->service) return 0;
    int result = store_meta(s, s->txn, "owner", &value);
    if (result == ERR_MISSING) return store_owner_write(s);
    TRY(result);
    if (!store_owner_read(&there, value)) return store_damaged(s);
    if (!store_owner_is(there.service, ours->service))
        return store_owner_refuse(s, there.service, why);
    bool known = ours->cluster && *ours->cluster;
    bool same = store_owner_is(there.cluster, known ? ours->cluster : "");
    if (!store_owner_same_topics(ours, &there) || (known && there.cluster.len && !same)) {
        *why = "the label store was filled from other topics or another cluster; it was moved "
               "aside, and a new one is filled from the topics";
        return ERR_MISMATCH;
    }
    return known && !same ? store_owner_write(s) : 0;
}

/* ---- what it was made for ---- */

static void store_identity_add_format(struct buf *out) {
    buf_printf(out, "format %d\n", STORE_FORMAT);
}

/* Stores of 0.1.0 begin with the numbers. */
static void store_identity_add(const struct store_options *o, struct buf *out) {
    store_identity_add_format(out);
    buf_printf(out, "%zu %zu %016" PRIx64 "\n", o->d, o->k, o->fingerprint);
    buf_text(out, o->classes);
}

static const char *store_identity_stranger(struct text identity) {
    struct buf format = {0};
    store_identity_add_format(&format);
    bool ours = identity.len >= format.len && memcmp(identity.at, format.at, format.len) == 0;
    buf_release(&format);
    return ours ? "the label store belonged to another feature map or class list; it was moved "
                  "aside, and a new one is filled from the topics"
                : "the label store was of another format, of another version of winnowd; it was "
                  "moved aside, and a new one is filled from the topics";
}

/* A new store gets our identity; ERR_MISMATCH when it has another one. */
static int store_identity_compare(struct store *s, const char **why) {
    struct buf ours = {0};
    struct text value;
    store_identity_add(&s->options, &ours);
    int result = store_meta(s, s->txn, "identity", &value);
    if (result == ERR_MISSING)
        result = store_put(s, TABLE_META, "identity", strlen("identity"), ours.at, ours.len);
    else if (result == 0 && !text_equal(buf_view(&ours), value)) {
        *why = store_identity_stranger(value);
        result = ERR_MISMATCH;
    }
    buf_release(&ours);
    return result;
}

int store_identity_check(struct store *s, const char **why) {
    TRY(store_owner_check(s, why));
    return store_identity_compare(s, why);
}
