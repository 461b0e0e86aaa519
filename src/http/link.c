#include "http/link.h"

#include <string.h>
#include <strings.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define UNRESERVED LETTERS "0123456789-._~"
#define HOST LETTERS "0123456789-._:[]"

int sl_link_escape(struct sl_buf *out, const char *text)
{
    for (;;) {
        size_t plain = strspn(text, UNRESERVED);

        if (sl_buf_add(out, text, plain) != 0)
            return -1;
        text += plain;
        if (*text == '\0')
            return 0;
        if (sl_buf_printf(out, "%%%02X", (unsigned char)*text++) != 0)
            return -1;
    }
}

int sl_link_file(struct sl_buf *out, const char *name, const char *ending,
                 const struct sl_args *args)
{
    char before = '?';

    if (sl_link_escape(out, name) != 0 || sl_buf_printf(out, ".%s", ending) != 0)
        return -1;
    for (size_t i = 0; i < args->n; i++) {
        const struct sl_arg *arg = &args->v[i];

        if (arg->value[0] == '\0')
            continue;
        if (sl_buf_putc(out, before) != 0 || sl_link_escape(out, arg->name) != 0 ||
            sl_buf_putc(out, '=') != 0 || sl_link_escape(out, arg->value) != 0)
            return -1;
        before = '&';
    }
    return 0;
}

int sl_link_origin(struct sl_buf *out, const struct sl_request *request)
{
    const char *proto = request->fields.forwarded_proto;
    const char *host = request->fields.host;
    bool https = proto != NULL && strcasecmp(proto, "https") == 0;

    /* A name that cannot be one is the client's own doing; whoever reads the page is not fooled. */
    if (host == NULL || host[0] == '\0' || strspn(host, HOST) != strlen(host))
        host = "localhost";
    return sl_buf_printf(out, "%s://%s", https ? "https" : "http", host);
}
