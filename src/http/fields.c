#include "http/fields.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* A DNS name has at most 253 characters; with brackets or a port this is enough. */
#define HOST_MAX 272

bool sl_field_token(const char *name, size_t len)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < len; i++) {
        if (name[i] == '\0' || strchr(allowed, name[i]) == NULL)
            return false;
    }
    return len > 0;
}

/* The next element of a comma list without the white space around it; false at the end. */
static bool next_element(const char **rest, const char **element, size_t *len)
{
    const char *text = *rest;

    if (text == NULL || *text == '\0')
        return false;
    size_t whole = strcspn(text, ",");
    *rest = text[whole] == ',' ? text + whole + 1 : text + whole;
    while (whole > 0 && strchr(" \t\r\n", text[0]) != NULL) {
        text++;
        whole--;
    }
    while (whole > 0 && strchr(" \t\r\n", text[whole - 1]) != NULL)
        whole--;
    *element = text;
    *len = whole;
    return true;
}

static bool list_has(const char *list, const char *word)
{
    const char *element;
    size_t len;

    while (next_element(&list, &element, &len)) {
        if (len == strlen(word) && strncasecmp(element, word, len) == 0)
            return true;
    }
    return false;
}

bool sl_field_te_trailers(const char *value)
{
    return list_has(value, "trailers");
}

int sl_field_weight(const char *text, size_t len)
{
    int weight = 0;
    int unit = 100;

    if (len == 0 || len > 5 || (text[0] != '0' && text[0] != '1') || (len > 1 && text[1] != '.'))
        return -1;
    for (size_t i = 2; i < len; i++, unit /= 10) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        weight += (text[i] - '0') * unit;
    }
    if (text[0] == '1')
        return weight == 0 ? 1000 : -1;
    return weight;
}

/* "" or ":" and digits. */
static bool is_port(const char *text)
{
    if (*text == '\0')
        return true;
    return *text == ':' && strspn(text + 1, "0123456789") == strlen(text + 1);
}

bool sl_field_host_local(const char *host, const char *names)
{
    char name[HOST_MAX];
    unsigned char address[sizeof(struct in6_addr)];
    size_t len = strlen(host);

    if (len >= sizeof(name))
        return false;
    memcpy(name, host, len + 1);
    if (name[0] == '[') {
        char *end = strchr(name, ']');
        if (end == NULL || !is_port(end + 1))
            return false;
        *end = '\0';
        return inet_pton(AF_INET6, name + 1, address) == 1;
    }
    char *port = strchr(name, ':');
    if (port != NULL) {
        if (!is_port(port))
            return false;
        *port = '\0';
    }
    return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, address) == 1 ||
           (name[0] != '\0' && list_has(names, name));
}
