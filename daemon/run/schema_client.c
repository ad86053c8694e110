/* GET /schemas/ids/ID, and for each schema that it refers to /subjects/SUBJECT/versions/VERSION.
 *
 * Schemas that others refer to come first, as the compiler wants them: a walk in depth that takes
 * each once.
 *
 * Thread: its owner's */
#include "run/schema_client.h"

#include "base/base64.h"
#include "base/json.h"
#include "web/web_call.h"

#include <stdatomic.h>

#include <inttypes.h>

enum {
    ASK_MS = 10000,       // for one question
    UNKNOWN_CODE = 40403, // what a registry says of an id that it does not know
    REFERENCE_DEPTH = 16  // schemas that refer to each other in a row
};

struct schema_client {
    struct web_caller *web;
    char *url, *ca, *authorization; // owned: a reload replaces the configuration
    struct buf path;
};

/* One schema with those that it refers to. */
struct schema_asking {
    struct schema_client *k;
    struct arena *arena;
    struct text text[SCHEMA_TEXTS_MOST], place[SCHEMA_TEXTS_MOST]; // place: its path
    size_t n, bytes, depth;
    const char *refused;
    struct buf *trouble;
    int64_t wait_ms;
};

/* ---- life ---- */

/* USER:PASSWORD is Basic, anything else a bearer token. */
static char *schema_client_authorization(const char *token) {
    if (!strchr(token, ':')) return xasprintf("Bearer %s", token);
    size_t n = strlen(token), letters = base64_length(n);
    struct buf b = {0};
    buf_str(&b, "Basic ");
    base64_write(token, n, buf_room(&b, letters));
    b.len += letters;
    buf_string(&b);
    return b.at;
}

static bool schema_client_ends(void *opaque) {
    const _Atomic bool *stop = opaque;
    return stop && atomic_load(stop);
}

static int schema_client_unfit(const char *key, const char *file, const char *fault,
                               struct buf *why) {
    buf_printf(why, "admit.registry: %s: cannot read %s: %s", key, file, fault);
    return ERR_CONFIG;
}

int schema_client_create(struct schema_client **out, const struct config *c,
                         const _Atomic bool *stop, struct buf *why) {
    const char *fault = NULL;
    const char *file = config_registry(c, "token_file"), *ca = config_registry(c, "ca");
    *out = NULL;
    if (!config_registry(c, "url") || c->admit.format == ADMIT_FORMAT_JSON) return 0;
    if (ca) fault = authorities_fault(ca);
    if (fault) return schema_client_unfit("ca", ca, fault, why);
    char *token = file ? secret_read(file, &fault) : NULL;
    if (fault) return schema_client_unfit("token_file", file, fault, why);
    struct schema_client *k = xcalloc(1, sizeof *k);
    k->url = xstrdup(config_registry(c, "url"));
    k->ca = ca ? xstrdup(ca) : NULL;
    k->authorization = token ? schema_client_authorization(token) : NULL;
    k->web = web_caller_create(k->url, &(struct web_watch){schema_client_ends, (void *)stop});
    if (k->ca) web_caller_trust(k->web, k->ca);
    free(token);
    *out = k;
    return 0;
}

void schema_client_destroy(struct schema_client *k) {
    if (!k) return;
    web_caller_destroy(k->web);
    buf_release(&k->path);
    free(k->url);
    free(k->ca);
    free(k->authorization);
    free(k);
}

/* ---- one question ---- */

static int schema_client_fail(struct schema_asking *a, const char *what, long status) {
    buf_printf(a->trouble, "%s%s", a->k->url, buf_string(&a->k->path));
    if (status) buf_printf(a->trouble, " answers with status %ld", status);
    if (what) buf_printf(a->trouble, ": %s", what);
    return ERR_RETRY;
}

static int schema_client_refuse(struct schema_asking *a, const char *why) {
    a->refused = why;
    return 0;
}

/* *tree: the answer's, for cJSON_Delete; NULL with 0: a->refused. unknown: what a refusal of the
 * registry means. */
static int schema_client_get(struct schema_asking *a, struct text path, const char *unknown,
                             cJSON **tree) {
    struct web_answer answer;
    struct arena scratch = {0};
    int64_t code = 0;
    *tree = NULL;
    buf_reset(&a->k->path);
    buf_text(&a->k->path, path);
    const struct web_request request = {.method = "GET",
                                        .path = buf_string(&a->k->path),
                                        .authorization = a->k->authorization,
                                        .timeout_ms = ASK_MS};
    int result = web_call(a->k->web, &request, &answer);
    if (result == ERR_STOPPED) return result;
    if (result < 0) return schema_client_fail(a, web_caller_trouble(a->k->web), 0);
    a->wait_ms = answer.retry_after_ms;
    *tree = json_parse(answer.body, &scratch);
    arena_release(&scratch);
    if (answer.status == 200 && cJSON_IsObject(*tree)) return 0;
    bool known = answer.status == 404 && json_integer(*tree, "error_code", &code);
    cJSON_Delete(*tree);
    *tree = NULL;
    if (known && code / 100 == UNKNOWN_CODE / 100) return schema_client_refuse(a, unknown);
    return schema_client_fail(a, answer.status == 200 ? "that is no schema" : NULL, answer.status);
}

static bool schema_client_has(const struct schema_asking *a, struct text place) {
    for (size_t i = 0; i < a->n; i++)
        if (text_equal(a->place[i], place)) return true;
    return false;
}

static int schema_client_take(struct schema_asking *a, struct text place, const cJSON *tree);

/* A schema that another refers to, unless it was taken. */
static int schema_client_reference(struct schema_asking *a, const cJSON *reference) {
    struct text subject = json_text(reference, "subject");
    int64_t version;
    cJSON *tree;
    if (!subject.len || !json_integer(reference, "version", &version) || version < 1)
        return schema_client_refuse(a, "it refers to a schema without subject or version");
    struct buf b = {0};
    buf_str(&b, "/subjects/");
    web_escape(subject, &b);
    buf_printf(&b, "/versions/%" PRId64, version);
    struct text place = arena_text(a->arena, buf_view(&b));
    buf_release(&b);
    if (schema_client_has(a, place)) return 0;
    if (a->depth == REFERENCE_DEPTH)
        return schema_client_refuse(a, "it refers to schemas deeper than is read");
    int result = schema_client_get(a, place, "it refers to a schema that is not there", &tree);
    a->depth++;
    if (result == 0 && !a->refused) result = schema_client_take(a, place, tree);
    a->depth--;
    cJSON_Delete(tree);
    return result;
}

/* Those that it refers to, then itself. */
static int schema_client_take(struct schema_asking *a, struct text place, const cJSON *tree) {
    const cJSON *reference;
    struct text schema = json_text(tree, "schema");
    if (!schema.at) return schema_client_fail(a, "there is no schema in it", 0);
    cJSON_ArrayForEach(reference, cJSON_GetObjectItemCaseSensitive(tree, "references")) {
        TRY(schema_client_reference(a, reference));
        if (a->refused) return 0;
    }
    a->bytes += schema.len;
    if (a->n == SCHEMA_TEXTS_MOST || a->bytes > SCHEMA_BYTES_MOST)
        return schema_client_refuse(a, "it is longer than is read");
    a->place[a->n] = place;
    a->text[a->n++] = arena_text(a->arena, schema);
    return 0;
}

static int schema_client_kind(struct schema_asking *a, const cJSON *tree, enum schema_kind *kind) {
    struct text type = json_text(tree, "schemaType");
    *kind = text_equal(type, TEXT("JSON")) ? SCHEMA_JSON : SCHEMA_AVRO;
    if (!type.at || *kind == SCHEMA_JSON || text_equal(type, TEXT("AVRO"))) return 0;
    return schema_client_refuse(a, text_equal(type, TEXT("PROTOBUF"))
                                       ? "Protobuf is not read; Avro and JSON are"
                                       : "it is neither Avro nor JSON");
}

/* The schema of the first answer. */
static int schema_client_read(struct schema_asking *a, struct text path, const cJSON *tree,
                              struct schema_answer *out) {
    TRY(schema_client_kind(a, tree, &out->source.kind));
    if (a->refused || out->source.kind == SCHEMA_JSON) return 0;
    return schema_client_take(a, path, tree);
}

/* Ids are counted in 31 bits. Where a registry takes the path apart by that, it answers for a
 * larger one as something that is no registry would (404, without its own code), and a few bytes of
 * anyone would hold up all that is behind them: so such an id is not asked about. */
int schema_client_ask(struct schema_client *k, uint32_t id, struct arena *arena,
                      struct schema_answer *out, struct buf *trouble, int64_t *wait_ms) {
    static const char unknown[] = "the registry knows no schema with this id";
    struct schema_asking *a = xcalloc(1, sizeof *a);
    struct buf path = {0};
    cJSON *tree = NULL;
    *a = (struct schema_asking){.k = k, .arena = arena, .trouble = trouble};
    *out = (struct schema_answer){0};
    buf_reset(trouble);
    buf_printf(&path, "/schemas/ids/%" PRIu32, id);
    struct text place = arena_text(arena, buf_view(&path));
    int result = id > INT32_MAX ? schema_client_refuse(a, unknown)
                                : schema_client_get(a, place, unknown, &tree);
    if (result == 0 && !a->refused) result = schema_client_read(a, place, tree, out);
    if (a->refused) {
        out->refused = a->refused == unknown ? REASON_UNKNOWN_SCHEMA : REASON_BAD_SCHEMA;
        out->why = a->refused;
        arena_release(arena);
    } else {
        struct text *texts = arena_take(arena, a->n * sizeof *texts);
        memcpy(texts, a->text, a->n * sizeof *texts);
        out->source.texts = texts;
        out->source.n = a->n;
    }
    *wait_ms = a->wait_ms;
    cJSON_Delete(tree);
    buf_release(&path);
    free(a);
    return result;
}

void schema_client_teach(struct schema_client *k, struct decoder *d, struct text value) {
    struct arena arena = {0};
    struct schema_answer answer;
    struct buf trouble = {0};
    uint32_t id;
    int64_t wait_ms;
    if (!k || !decoder_lacks(d, value, &id)) return;
    int result = schema_client_ask(k, id, &arena, &answer, &trouble, &wait_ms);
    if (result < 0) decoder_refuse(d, id, REASON_UNKNOWN_SCHEMA, buf_string(&trouble));
    else if (answer.refused) decoder_refuse(d, id, answer.refused, answer.why);
    else decoder_learn(d, id, &answer.source);
    arena_release(&arena);
    buf_release(&trouble);
}
