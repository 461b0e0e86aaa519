/* _columns and _order: what is read is within its bounds, and finds only what is there. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "catalog/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void look_up(const struct sl_names *names, const char *option)
{
    static const char *const columns[] = {"id", "a b", "a,b", "d", "d", "-x"};
    const size_t n = sizeof(columns) / sizeof(columns[0]);

    for (size_t i = 0; i < names->n; i++) {
        struct sl_error err = {0};
        size_t found = n;

        if (sl_names_find(option, names->v[i].text, columns, n, &found, &err) == 0)
            require(found < n && strcmp(columns[found], names->v[i].text) == 0);
        else
            require(err.kind == SL_BAD_PARAMETER && strcmp(err.parameter, option) == 0);
    }
}

static void check(const char *option, const char *text, bool directed)
{
    struct sl_names names = {0};
    struct sl_error err = {0};
    size_t total = 0;

    if (sl_names_read(option, text, directed, &names, &err) == 0) {
        require(names.n > 0 && names.n <= SL_NAMES_MAX);
        look_up(&names, option);
    } else {
        require(err.kind == SL_BAD_PARAMETER && strcmp(err.parameter, option) == 0);
    }
    for (size_t i = 0; i < names.n; i++) {
        size_t len = strlen(names.v[i].text);

        require(len > 0 && sl_utf8_valid(names.v[i].text, len));
        require(directed || !names.v[i].descending);
        total += len;
    }
    require(total <= strlen(text));
    sl_names_free(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    check("_columns", text, false);
    check("_order", text, true);
    free(text);
    return 0;
}
