/* Inside of config.c: one value's text becomes what struct sl_config holds. Pure. */
#ifndef SL_CONFIG_VALUE_H
#define SL_CONFIG_VALUE_H

#include "base/config_table.h"

/*
 * Sets the value of `key` at base + key->offset, where a text before it is freed.
 * `where` (FILE:LINE or a variable's name) begins an error; `folder` ("" or ending
 * with /) goes before a relative path.
 */
int sl_config_value(const struct sl_config_key *key, const char *where, const char *folder,
                    const char *text, void *base, struct sl_error *err) SL_MUSTCHECK;

#endif
