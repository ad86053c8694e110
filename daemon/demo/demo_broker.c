/* Either the embedded broker, or a real one through Kafka's admin interface.
 *
 * Topics of the embedded broker die with it. On a real broker each demo has topics of its own,
 * named by the moment, and takes them away again.
 *
 * Thread: main thread */
#include "demo_broker.h"

#include "kafka/admin.h"
#include "kafka/embedded_broker.h"

struct demo_broker {
    struct embedded_broker *embedded; // NULL: a real broker
    char *address;
    bool made[ROLES];
};

int demo_broker_open(struct demo_broker **out, const char *address, struct buf *why) {
    struct demo_broker *b = xcalloc(1, sizeof *b);
    int result = address ? 0 : embedded_broker_start(&b->embedded, why);
    if (result < 0) {
        demo_broker_close(b);
        return result;
    }
    b->address = xstrdup(address ? address : embedded_broker_address(b->embedded));
    *out = b;
    return 0;
}

void demo_broker_close(struct demo_broker *b) {
    if (!b) return;
    embedded_broker_stop(b->embedded);
    free(b->address);
    free(b);
}

const char *demo_broker_address(const struct demo_broker *b) { return b->address; }
bool demo_broker_embedded(const struct demo_broker *b) { return b->embedded != NULL; }

/* ---- topics ---- */

static int demo_broker_create_real(struct demo_broker *b, const struct config *c,
                                   const struct topic_plan plan[ROLES], struct buf *why) {
    struct admin *admin;
    int result = admin_open(&admin, c, why);
    TRY(result);
    for (size_t i = 0; i < ROLES && result == 0; i++) {
        if (!*plan[i].name) continue;
        result = admin_create_topic(admin, &plan[i], (int)c->topics.replication, why);
        b->made[i] = result == 0;
    }
    admin_close(admin);
    return result;
}

int demo_broker_create_topics(struct demo_broker *b, const struct config *c, struct buf *why) {
    struct topic_plan plan[ROLES];
    admin_plan(c, plan);
    if (!b->embedded) return demo_broker_create_real(b, c, plan, why);
    for (size_t i = 0; i < ROLES; i++)
        if (*plan[i].name)
            TRY(embedded_broker_create_topic(b->embedded, plan[i].name, plan[i].partitions, why));
    return 0;
}

int demo_broker_delete_topics(struct demo_broker *b, const struct config *c, struct buf *why) {
    struct topic_plan plan[ROLES];
    const char *name[ROLES];
    struct admin *admin;
    struct buf stay = {0};
    size_t n = 0;
    admin_plan(c, plan);
    for (size_t i = 0; i < ROLES; i++)
        if (b->made[i]) name[n++] = plan[i].name;
    if (!n) return 0;
    int result = admin_open(&admin, c, &stay);
    if (result == 0) {
        result = admin_delete_topics(admin, name, n, &stay);
        admin_close(admin);
    }
    if (result < 0) buf_printf(why, "the demo's topics stay: %s", buf_string(&stay));
    buf_release(&stay);
    return result;
}
