#include "cmd/notyet.h"

#include "base/log.h"

static void warn(const char *where, const char *what)
{
    sl_log_text(SL_LOG_WARNING, "no effect yet", "%s: %s", where, what);
}

void sl_warn_not_yet(const struct sl_config *config, const struct sl_catalog *catalog)
{
    const struct {
        const char *section;
        const char *key;
        const char *value; /* of texts, NULL when a command leaves the key alone */
    } keys[] = {
        {"[limits]", "spool_directory", config->limits.spool_directory},
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i].value != NULL && keys[i].value[0] != '\0')
            warn(keys[i].section, keys[i].key);
    for (size_t i = 0; i < catalog->n; i++) {
        const struct sl_export *export = catalog->exports[i];

        if (export->parallel > 1)
            warn(export->file, "parallel");
    }
}
