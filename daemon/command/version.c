/* `winnowd version`: its own, and those of the libraries that it runs with, which need not be those
 * it was built with.
 *
 * Thread: main thread */
#include "command.h"

#include "kafka/client.h"

#include <cblas.h>
#include <cjson/cJSON.h>
#include <lmdb.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <yaml.h>
#include <zlib.h>

static const char *version_lmdb(void) { return mdb_version(NULL, NULL, NULL); }
static const char *version_openblas(void) { return openblas_get_config(); }
static const char *version_openssl(void) { return OpenSSL_version(OPENSSL_FULL_VERSION_STRING); }

static const struct {
    const char *name;
    const char *(*version)(void);
} libraries[] = {
    {"librdkafka", kafka_version},  {"cJSON", cJSON_Version},
    {"OpenBLAS", version_openblas}, {"libyaml", yaml_get_version_string},
    {"LMDB", version_lmdb},         {"libmicrohttpd", MHD_get_version},
    {"zlib", zlibVersion},          {"OpenSSL", version_openssl},
};

int command_version(int argc, char **argv) {
    struct usage usage = {"version", NULL,
                          "Prints the versions of winnowd and of the libraries it runs with.", NULL,
                          0};
    int words, code = cli_parse(&usage, argc, argv, &words);
    if (code != CLI_GO) return code;
    printf("winnowd %s\n", WINNOWD_VERSION);
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        const char *version = libraries[i].version();
        size_t name = strlen(libraries[i].name);
        if (strncmp(version, libraries[i].name, name) == 0)
            version += name + 1; // some say their name too
        printf("  %-14s %s\n", libraries[i].name, version);
    }
    return EX_OK;
}
