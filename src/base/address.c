#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include "base/units.h"

#define HOST_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

/* Copies text[0..len) with a NUL. false: it is empty or does not fit. */
static bool copy(char *to, size_t size, const char *text, size_t len)
{
    if (len == 0 || len >= size)
        return false;
    memcpy(to, text, len);
    to[len] = '\0';
    return true;
}

static bool read_tcp(const char *text, size_t len, struct sl_address *address)
{
    const char *colon = memrchr(text, ':', len);
    struct in6_addr v6;
    int64_t port;
    size_t host;

    if (colon == NULL)
        return false;
    host = (size_t)(colon - text);
    if (!copy(address->port, sizeof(address->port), colon + 1, len - host - 1) ||
        sl_parse_int(address->port, 0, UINT16_MAX, &port) != 0)
        return false;
    if (text[0] == '[')
        return host > 2 && text[host - 1] == ']' &&
               copy(address->host, sizeof(address->host), text + 1, host - 2) &&
               inet_pton(AF_INET6, address->host, &v6) == 1;
    return copy(address->host, sizeof(address->host), text, host) &&
           strspn(address->host, HOST_LETTERS) == host;
}

static bool read_address(const char *text, size_t len, struct sl_address *address)
{
    size_t scheme = strlen("unix:");

    *address = (struct sl_address){.path = ""};
    if (len > scheme && memcmp(text, "unix:", scheme) == 0)
        return text[scheme] == '/' &&
               copy(address->path, sizeof(address->path), text + scheme, len - scheme);
    return len > 0 && read_tcp(text, len, address);
}

int sl_address_next(const char **list, struct sl_address *address)
{
    size_t len = strcspn(*list, ",");

    if (**list == '\0')
        return 0;
    if (!read_address(*list, len, address))
        return -1;
    *list += len;
    if (**list == ',')
        (*list)++;
    return 1;
}

bool sl_address_is_local(const struct sl_address *address)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (address->path[0] != '\0' || strcasecmp(address->host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, address->host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
    return inet_pton(AF_INET6, address->host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}
