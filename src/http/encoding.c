#include "http/encoding.h"

#include <string.h>
#include <strings.h>

#include "http/fields.h"

#define BLANK " \t"

/* What q=0 is in struct sl_encodings. */
#define REFUSED 1

/* The `;q=...` behind a coding, in thousandths; nothing is q=1. -1: malformed. */
static int weight_of(const char *text, size_t len)
{
    if (len == 0)
        return 1000;
    size_t skip = 1 + strspn(text + 1, BLANK);
    if (text[0] != ';' || len < skip + 2 || strncasecmp(text + skip, "q=", 2) != 0)
        return -1;
    return sl_field_weight(text + skip + 2, len - skip - 2);
}

static int *find(struct sl_encodings *encodings, const char *name, size_t len)
{
    const struct {
        const char *name;
        int *weight;
    } known[] = {
        {"gzip", &encodings->gzip}, {"x-gzip", &encodings->gzip},
        {"zstd", &encodings->zstd}, {"identity", &encodings->identity},
        {"*", &encodings->others},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strlen(known[i].name) == len && strncasecmp(known[i].name, name, len) == 0)
            return known[i].weight;
    return NULL;
}

/* One element, without the blanks around it. */
static void add(struct sl_encodings *encodings, const char *text, size_t len)
{
    size_t name = strcspn(text, BLANK ";,");
    size_t rest = name + strspn(text + name, BLANK);

    if (name > len)
        name = len;
    if (rest > len)
        rest = len;
    int *known = find(encodings, text, name);
    int weight = weight_of(text + rest, len - rest);
    if (known != NULL)
        *known = weight > 0 ? REFUSED + weight : REFUSED;
}

void sl_encodings_add(struct sl_encodings *encodings, const char *value)
{
    for (const char *text = value; *text != '\0';) {
        text += strspn(text, BLANK ",");
        size_t len = strcspn(text, ",");
        const char *next = text + len;

        while (len > 0 && strchr(BLANK, text[len - 1]) != NULL)
            len--;
        add(encodings, text, len);
        text = next;
    }
}

enum sl_compression sl_encodings_choose(const struct sl_encodings *encodings)
{
    int gzip = encodings->gzip != 0 ? encodings->gzip : encodings->others;
    int zstd = encodings->zstd;
    int best = zstd >= gzip ? zstd : gzip;

    if (best <= REFUSED || best < encodings->identity)
        return SL_PLAIN;
    return zstd >= gzip ? SL_ZSTD : SL_GZIP;
}

const char *sl_encoding_name(enum sl_compression compression)
{
    static const char *const names[] = {[SL_PLAIN] = NULL, [SL_GZIP] = "gzip", [SL_ZSTD] = "zstd"};

    return names[compression];
}
