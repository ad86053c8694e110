/* The peer, in its own language: simdjson's C++ on demand.
 *
 * Thread: any thread */
#include "simdjson_peer.h"

#include <string_view>
#include <vector>

#include <simdjson.h> // the library's, by the system's path

using namespace simdjson;

struct simdjson_peer {
    ondemand::parser parser;
    char shape;
    std::vector<std::string_view> names;
    simdjson_category_fn category;
    size_t hash;
};

struct simdjson_peer *simdjson_peer_create(char shape, const char *const *names, size_t n,
                                           simdjson_category_fn category, size_t hash) {
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2")) return nullptr;
    auto *p = new simdjson_peer;
    p->shape = shape;
    p->category = category;
    p->hash = hash;
    for (size_t i = 0; i < n; i++) p->names.emplace_back(names[i]);
    return p;
}

static bool read_numbers(ondemand::object object, const std::string_view *names, size_t n,
                         double *row) {
    for (size_t i = 0; i < n; i++)
        if (object.find_field_unordered(names[i]).get(row[i])) return false;
    return true;
}

static bool read_categories(const simdjson_peer *p, ondemand::object object,
                            const std::string_view *names, size_t n, double *row) {
    for (size_t i = 0; i < n; i++) {
        std::string_view text;
        if (object.find_field_unordered(names[i]).get(text)) return false;
        p->category(text.data(), text.size(), row + p->hash * i);
    }
    return true;
}

/* An object is read before the next one of its parent is looked for: so on demand wants it. */
static bool read_nested(const simdjson_peer *p, ondemand::object root, double *row) {
    static const std::string_view numbers[] = {"n0", "n1", "n2", "n3", "n4",  "n5",
                                               "n6", "n7", "n8", "n9", "n10", "n11"};
    static const std::string_view categories[] = {"c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"};
    ondemand::object payment, merchant, card, usage;
    double *text = row + 12;
    return !root.find_field_unordered("payment").get(payment) &&
           read_numbers(payment, numbers, 6, row) &&
           !root.find_field_unordered("merchant").get(merchant) &&
           read_categories(p, merchant, categories, 4, text) &&
           !root.find_field_unordered("card").get(card) &&
           read_categories(p, card, categories + 4, 4, text + 4 * p->hash) &&
           !card.find_field_unordered("usage").get(usage) &&
           read_numbers(usage, numbers + 6, 6, row + 6);
}

static bool read_array(ondemand::object root, double *row) {
    ondemand::array array;
    if (root.find_field_unordered("x").get(array)) return false;
    for (auto item : array)
        if (item.get(*row++)) return false;
    return true;
}

bool simdjson_peer_read(struct simdjson_peer *p, const char *at, size_t len, double *row) {
    ondemand::document document;
    ondemand::object root;
    if (p->parser.iterate(at, len, len + SIMDJSON_PEER_PADDING).get(document) ||
        document.get_object().get(root))
        return false;
    if (p->shape == 'b') return read_nested(p, root, row);
    if (p->shape == 'c' || p->shape == 'v') return read_array(root, row);
    return read_numbers(root, p->names.data(), p->names.size(), row);
}
