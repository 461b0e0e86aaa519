#include "catalog/checks.h"

#include <string.h>
#include "base/units.h"

const char *sl_filename_problem(const char *name)
{
    size_t len = strlen(name);

    if (len == 0)
        return "must not be empty";
    if (len > SL_FILENAME_ASKED_MAX)
        return "must not be longer than 200 bytes";
    if (!sl_utf8_valid(name, len))
        return "must be valid UTF-8";
    for (const char *p = name; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f || strchr("/\\\"", *p) != NULL)
            return "must not hold a slash, a backslash, a double quote or a control character";
    /* Browsers would change it, and it would be hidden or a directory in a shell. */
    if (name[0] == '.')
        return "must not begin with a dot";
    return NULL;
}

bool sl_timezone_plausible(const char *name)
{
    static const char punctuation[] = "_+-/:.,<>";
    size_t len = strlen(name);

    if (len == 0 || len > SL_TIMEZONE_MAX)
        return false;
    for (const char *p = name; *p != '\0'; p++) {
        bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');
        if (!letter && !(*p >= '0' && *p <= '9') && strchr(punctuation, *p) == NULL)
            return false;
    }
    return true;
}

const char *sl_dialect_read(const char *name, enum sl_dialect *dialect)
{
    if (strcmp(name, "postgres") == 0)
        *dialect = SL_DIALECT_POSTGRES;
    else if (strcmp(name, "django") == 0)
        *dialect = SL_DIALECT_DJANGO;
    else if (strcmp(name, "excel") == 0)
        *dialect = SL_DIALECT_EXCEL;
    else
        return "is postgres, excel or django";
    return NULL;
}
