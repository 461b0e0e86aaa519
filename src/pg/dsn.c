#include <string.h>

#include "pg/internal.h"

/* libpq's own: what has neither is the name of a database. NULL: it is no URI. */
static const char *after_scheme(const char *dsn)
{
    static const char *const schemes[] = {"postgresql://", "postgres://"};

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncmp(dsn, schemes[i], strlen(schemes[i])) == 0)
            return dsn + strlen(schemes[i]);
    return NULL;
}

/*
 * A password with an @ or a / in it makes libpq take a part of it for the host, the
 * port or the database: there is an @ then behind where they begin.
 */
static bool password_spills(const char *authority)
{
    size_t user = strcspn(authority, "@/");
    const char *hosts = authority[user] == '@' ? authority + user + 1 : authority;

    return memchr(hosts, '@', strcspn(hosts, "?")) != NULL;
}

/* Is each value of a kind that its keyword can have, so that no message would quote it? */
static bool values_fit(const PQconninfoOption *options)
{
    for (const PQconninfoOption *o = options; o->keyword != NULL; o++)
        if (strcmp(o->keyword, "port") == 0 && o->val != NULL &&
            o->val[strspn(o->val, "0123456789, ")] != '\0')
            return false;
    return true;
}

int sl_pg_dsn_check(const char *dsn, struct sl_error *err)
{
    const char *authority = after_scheme(dsn);
    char *message = NULL;

    if (authority == NULL && strchr(dsn, '=') == NULL)
        return 0;
    PQconninfoOption *options = PQconninfoParse(dsn, &message);
    bool ok = options != NULL && values_fit(options) &&
              (authority == NULL || !password_spills(authority));
    PQconninfoFree(options);
    PQfreemem(message); /* it quotes the dsn */
    if (ok)
        return 0;
    return sl_error_set(err, SL_CONFIG,
                        "dsn: this is no list of keywords and no URI that libpq understands; write "
                        "password='...' around a password with spaces in a list, and %%25 for %%, "
                        "%%2F for /, %%3A for : and %%40 for @ of a password in a URI");
}
