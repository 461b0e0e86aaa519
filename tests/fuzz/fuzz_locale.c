/* Names of locales, from a URL: any text is refused or has a decimal sign. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "format/locale.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *name = malloc(size + 1);
    char decimal = '\0';

    if (name == NULL)
        abort();
    memcpy(name, data, size);
    name[size] = '\0';
    if (sl_locale_decimal(name, &decimal) && decimal != '.' && decimal != ',')
        abort();
    free(name);
    return 0;
}
