/* What single texts of the configuration must look like.
 *
 * Names go into Kafka's group, transaction and topic names and into file names, so their letters
 * are few. Listen addresses are numbers or localhost: a name would have to be looked up, and could
 * move beyond loopback (promise I12).
 *
 * Thread: any thread */
#include "text_rule.h"

#include "base/table_cell.h"
#include "base/word_list.h"
#include "value.h"

#include <arpa/inet.h>
#include <strings.h>

enum { SOCKET_PATH_MOST = 107 }; // bytes behind "unix:/" that a socket's address still holds

_Static_assert(CLASS_BYTES_MAX == 255 && HIDDEN_WIDTH_MAX == 4096 && CPU_MAX == 1023 &&
                   MEMORY_MAX == 1000000,
               "the messages below say these limits");

static bool text_rule_plain(struct text t) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    for (size_t i = 0; i < t.len; i++)
        if (!memchr(letters, t.at[i], sizeof letters - 1)) return false;
    return true;
}

const char *text_rule_name(struct text t) {
    return text_rule_plain(t) ? NULL
                              : "has other characters than letters, digits, '.', '_' and '-'";
}

const char *text_rule_topic(struct text t) {
    if (text_equal(t, TEXT(".")) || text_equal(t, TEXT("..")))
        return "is not a name that Kafka allows";
    return text_rule_name(t);
}

const char *text_rule_pointer(struct text t) {
    if (!t.len || t.at[0] != '/') return "is not a JSON pointer; it must start with /";
    for (size_t i = 0; i < t.len; i++)
        if (t.at[i] == '~' && (i + 1 == t.len || (t.at[i + 1] != '0' && t.at[i + 1] != '1')))
            return "is not a JSON pointer; after ~ only 0 (for ~) or 1 (for /) may stand";
    return NULL;
}

const char *text_rule_ignored(struct text t) {
    struct text value;
    if (!text_cut(&t, '=', &value)) return "is not \"POINTER=VALUE\", e.g. /op=d";
    return text_rule_pointer(t);
}

const char *text_rule_blocked(struct text t) {
    struct text value;
    (void)text_cut(&t, '=', &value);
    return text_rule_pointer(t);
}

const char *text_rule_class(struct text t) {
    if (!t.len) return "is an empty class name";
    if (t.len > CLASS_BYTES_MAX) return "is a class name of more than 255 bytes";
    for (size_t i = 0; i < t.len; i++)
        if ((unsigned char)t.at[i] < 0x20 || t.at[i] == 0x7F) return "has control characters";
    return NULL;
}

static bool text_rule_whole(struct text t, int64_t least, int64_t most) {
    int64_t value;
    return !scalar_int(t, &value) && value >= least && value <= most;
}

const char *text_rule_width(struct text t) {
    return text_rule_whole(t, 1, HIDDEN_WIDTH_MAX)
               ? NULL
               : "is not a width; allowed whole number: 1 to 4096";
}

const char *text_rule_cpu(struct text t) {
    return text_rule_whole(t, 0, CPU_MAX) ? NULL
                                          : "is not a processor; allowed whole number: 0 to 1023";
}

const char *text_rule_memory(struct text t) {
    return text_rule_whole(t, 1, MEMORY_MAX)
               ? NULL
               : "is not a number of labels; allowed whole number: 1 to 1000000";
}

const char *text_rule_null(struct text t) {
    return table_cell_trim(t).len == t.len
               ? NULL
               : "has blanks around it; the field is read without its own";
}

const char *text_rule_number(struct text t) {
    double value;
    return scalar_number(t, &value);
}

/* The text before the next space, cut off *rest. */
static struct text text_rule_cut_word(struct text *rest) {
    const char *space = rest->len ? memchr(rest->at, ' ', rest->len) : NULL;
    struct text word = {rest->at, space ? (size_t)(space - rest->at) : rest->len};
    size_t used = word.len + (space != NULL);
    *rest = (struct text){rest->at + used, rest->len - used};
    return word;
}

const char *text_rule_switch(struct text t) {
    size_t spaces = 0;
    for (size_t i = 0; i < t.len; i++) spaces += t.at[i] == ' ';
    bool fine = spaces == 2 && text_rule_whole(text_rule_cut_word(&t), 0, INT32_MAX) &&
                text_rule_whole(text_rule_cut_word(&t), 0, INT64_MAX) &&
                text_rule_whole(text_rule_cut_word(&t), 0, INT64_MAX);
    return fine ? NULL : "is not \"PARTITION OFFSET NUMBER\", three whole numbers from 0";
}

/* Cuts ":PORT" off *host. */
static bool text_rule_cut_port(struct text *host, int64_t least) {
    const char *colon = host->len ? memrchr(host->at, ':', host->len) : NULL;
    if (!colon || colon == host->at) return false;
    struct text port = {colon + 1, (size_t)(host->at + host->len - colon - 1)};
    host->len = (size_t)(colon - host->at);
    return text_rule_whole(port, least, 65535);
}

static bool text_rule_is_address(struct text host) {
    char name[INET6_ADDRSTRLEN + 1] = {0};
    struct in6_addr address;
    int family = AF_INET;
    if (text_equal(host, TEXT("localhost"))) return true;
    if (host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']') {
        family = AF_INET6;
        host = (struct text){host.at + 1, host.len - 2};
    }
    if (host.len >= sizeof name) return false;
    memcpy(name, host.at, host.len);
    return inet_pton(family, name, &address) == 1;
}

const char *text_rule_listen(struct text t) {
    static const struct text local = TEXT("unix:/");
    if (t.len >= local.len && memcmp(t.at, local.at, local.len) == 0)
        return t.len - local.len < SOCKET_PATH_MOST ? NULL : "is too long a path for a socket";
    if (text_rule_cut_port(&t, 0) && text_rule_is_address(t)) return NULL;
    return "is not HOST:PORT; allowed 127.0.0.1:9464, [::1]:9464, localhost:9464, another address "
           "of this machine or unix:/PATH";
}

/* Names that nobody can own (RFC 2606): an example that was copied and not filled in. */
static bool text_rule_is_example(struct text host) {
    static const struct text reserved[] = {TEXT("example.com"), TEXT("example.net"),
                                           TEXT("example.org"), TEXT("example"), TEXT("invalid")};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        size_t n = reserved[i].len;
        if (host.len < n || strncasecmp(host.at + host.len - n, reserved[i].at, n) != 0) continue;
        if (host.len == n || host.at[host.len - n - 1] == '.') return true;
    }
    return false;
}

const char *text_rule_url(struct text t) {
    static const struct text scheme[] = {TEXT("http://"), TEXT("https://")};
    struct text host = {0};
    for (size_t i = 0; i < t.len; i++)
        if ((unsigned char)t.at[i] <= ' ' || (unsigned char)t.at[i] > '~')
            return "has blanks, or letters that no address has";
    if (memchr(t.at, '@', t.len)) return "holds an '@'; a token belongs into a file of its own";
    for (size_t i = 0; i < sizeof scheme / sizeof *scheme; i++)
        if (t.len > scheme[i].len && memcmp(t.at, scheme[i].at, scheme[i].len) == 0)
            host = (struct text){t.at + scheme[i].len, t.len - scheme[i].len};
    if (!host.len || *host.at == '/' || *host.at == ':' || memchr(t.at, '?', t.len) ||
        memchr(t.at, '#', t.len))
        return "is not an address like http://127.0.0.1:8080";
    return t.at[t.len - 1] == '/' ? "ends in a \"/\"; leave that off" : NULL;
}

const char *text_rule_template(struct text t) {
    static const char names[] = "id|sample_id|reason|measure|manager|arm|utility|threshold|"
                                "propensity|priority|model|policy|time_ms|asked_ms|expires_ms|"
                                "fingerprint|token";
    for (size_t i = 0; i < t.len; i++) {
        if ((unsigned char)t.at[i] < ' ' || (unsigned char)t.at[i] > '~')
            return "has letters that HTTP does not take here";
        if (t.at[i] == '}') return "has a \"}\" without its \"{\"";
        if (t.at[i] != '{') continue;
        const char *end = memchr(t.at + i, '}', t.len - i);
        if (!end) return "has a \"{\" without its \"}\"";
        struct text name = {t.at + i + 1, (size_t)(end - t.at) - i - 1};
        if (word_list_index(names, name) < 0)
            return "has a place that no task fills; allowed: {id}, {sample_id}, {reason}, "
                   "{measure}, {manager}, {arm}, {utility}, {threshold}, {propensity}, "
                   "{priority}, {model}, {policy}, {time_ms}, {asked_ms}, {expires_ms}, "
                   "{fingerprint}, and in headers {token}";
        i = (size_t)(end - t.at);
    }
    return NULL;
}

const char *text_rule_path(struct text t) {
    static const char token[] = "{token}";
    if (!t.len || t.at[0] != '/') return "is not the path of an address; it must start with /";
    if (memchr(t.at, ' ', t.len) || memchr(t.at, '#', t.len)) return "has blanks, or a #";
    if (memmem(t.at, t.len, token, sizeof token - 1))
        return "names the token, which belongs into a header: addresses are logged";
    return text_rule_template(t);
}

const char *text_rule_brokers(struct text t) {
    if (t.len && memchr(t.at, '@', t.len))
        return "holds an '@'; credentials belong into kafka.password_file and kafka.common";
    while (t.at) {
        const char *comma = memchr(t.at, ',', t.len);
        struct text one = {t.at, comma ? (size_t)(comma - t.at) : t.len};
        t = comma ? (struct text){comma + 1, t.len - one.len - 1} : (struct text){0};
        if (!text_rule_cut_port(&one, 1) || memchr(one.at, ' ', one.len))
            return "is not HOST:PORT,HOST:PORT";
        if (text_rule_is_example(one)) return "is an example's name; write your own brokers";
    }
    return NULL;
}
