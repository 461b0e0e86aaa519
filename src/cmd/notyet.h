/* What the configuration and the exports ask for that this version does not do. */
#ifndef SL_NOTYET_H
#define SL_NOTYET_H

#include "base/config.h"
#include "catalog/catalog.h"

/* Logs a warning for each, so that nobody takes a key that is read for one that works. */
void sl_warn_not_yet(const struct sl_config *config, const struct sl_catalog *catalog);

#endif
