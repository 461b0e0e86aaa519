/* The configuration file: any bytes give a configuration or an error, without a leak or a crash. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/address.h"
#include "base/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Errors are one readable line of text that begins with the file. */
static void check_error(const struct sl_error *err)
{
    if (err->kind != SL_CONFIG || strncmp(err->message, "fuzz.conf:", 10) != 0)
        abort();
}

/* What the server relies on without looking again. */
static void check_config(const struct sl_config *config)
{
    const char *list = config->server.listen;
    struct sl_address address;
    int more;

    do {
        more = sl_address_next(&list, &address);
    } while (more > 0);
    if (more < 0 || config->database.max_exports < 1 || config->limits.memory < 1 ||
        config->limits.min_rate < 1 || config->n_tokens > SL_MAX_TOKENS)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_config *config;
    struct sl_error err;

    /* <key>_file would open whatever the fuzzer finds, a terminal for one. */
    if (memmem(data, size, "_file", 5) != NULL)
        return 0;
    if (sl_config_parse("fuzz.conf", (const char *)data, size, true, &config, &err) != 0) {
        check_error(&err);
        return 0;
    }
    check_config(config);
    sl_config_free(config);
    return 0;
}
