#include "http/guard.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#include "access/access.h"
#include "http/fields.h"

static bool is(const char *key, const char *name)
{
    return strcasecmp(key, name) == 0;
}

static enum MHD_Result collect(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_size,
                               const char *value, size_t value_size)
{
    struct sl_fields *fields = cls;

    (void)kind;
    /* A NUL inside a value would hide its rest from everyone who reads strings. */
    if (!sl_field_token(key, key_size) || (value != NULL && strlen(value) != value_size)) {
        fields->bad_name = true;
        return MHD_NO;
    }
    if (value == NULL)
        value = "";
    if (is(key, "Host")) {
        fields->n_host++;
        fields->host = value;
    } else if (is(key, "Content-Length")) {
        fields->n_content_length++;
        fields->content_length = value;
    } else if (is(key, "Transfer-Encoding")) {
        fields->n_transfer_encoding++;
    } else if (is(key, "Authorization")) {
        fields->n_authorization++;
        fields->authorization = value;
    } else if (is(key, "TE")) {
        fields->te_trailers = fields->te_trailers || sl_field_te_trailers(value);
    } else if (is(key, "Accept")) {
        sl_accept_add(&fields->accept, value);
    } else if (is(key, "Accept-Encoding")) {
        sl_encodings_add(&fields->encodings, value);
    } else if (is(key, "X-Forwarded-Proto")) {
        fields->forwarded_proto = value;
    } else if (is(key, "X-Pgsluice")) {
        fields->x_pgsluice = value;
    } else if (is(key, "Sec-Fetch-Site")) {
        fields->sec_fetch_site = value;
    }
    return MHD_YES;
}

static enum sl_method method_of(const char *method)
{
    /* Methods are case-sensitive (RFC 9110 section 9.1). */
    if (strcmp(method, "GET") == 0)
        return SL_GET;
    if (strcmp(method, "HEAD") == 0)
        return SL_HEAD;
    if (strcmp(method, "DELETE") == 0)
        return SL_DELETE;
    if (strcmp(method, "POST") == 0)
        return SL_POST;
    return SL_OTHER_METHOD;
}

bool sl_guard_has_body(const struct sl_request *request)
{
    const struct sl_fields *fields = &request->fields;

    return fields->n_transfer_encoding > 0 ||
           (fields->content_length != NULL && strcmp(fields->content_length, "0") != 0);
}

static int check_fields(const struct sl_request *request, struct sl_error *err)
{
    const struct sl_fields *fields = &request->fields;

    if (fields->bad_name)
        return sl_error_set(err, SL_BAD_REQUEST, "a malformed header field");
    if (fields->n_host > 1)
        return sl_error_set(err, SL_BAD_REQUEST, "more than one Host");
    if (fields->n_host == 0 && !request->http_1_0)
        return sl_error_set(err, SL_BAD_REQUEST, "no Host");
    if (fields->n_content_length > 1)
        return sl_error_set(err, SL_BAD_REQUEST, "more than one Content-Length");
    if (fields->n_authorization > 1)
        return sl_error_set(err, SL_BAD_REQUEST, "more than one Authorization");
    if (fields->n_transfer_encoding > 0)
        return sl_error_set(err, SL_BAD_REQUEST, "a request body (Transfer-Encoding)%s",
                            request->listener == SL_TICKETS ? ": send it with Content-Length" : "");
    /* Other methods have no route, and are told so; a POST may have one. */
    if ((request->method & (SL_GET | SL_HEAD | SL_DELETE)) != 0 && sl_guard_has_body(request))
        return sl_error_set(err, SL_BAD_REQUEST, "a request body (Content-Length)");
    return 0;
}

int sl_guard(struct sl_request *request, const char *method, const char *version,
             struct sl_error *err)
{
    request->method = method_of(method);
    request->http_1_0 = strcmp(version, MHD_HTTP_VERSION_1_0) == 0;
    MHD_get_connection_values_n(request->mhd, MHD_HEADER_KIND, collect, &request->fields);
    if (!request->http_1_0 && strcmp(version, MHD_HTTP_VERSION_1_1) != 0)
        return sl_error_set(err, SL_HTTP_VERSION, "only HTTP/1.1 is spoken here");
    if (check_fields(request, err) != 0)
        return -1;
    if (request->raw == NULL)
        return sl_error_nomem(err);
    if (sl_target_parse(&request->target, request->raw, strlen(request->raw), err) != 0)
        return -1;
    if (request->listener != SL_ADMIN && atomic_load(&request->http->draining))
        return sl_error_set(err, SL_BUSY, "the service is shutting down");
    return 0;
}

int sl_guard_method(const struct sl_request *request, unsigned allowed, struct sl_error *err)
{
    if ((request->method & allowed) != 0)
        return 0;
    return sl_error_set(err, SL_METHOD, "this path does not take that method");
}

/* Compares digests, so that neither content nor length shows in the time it takes. */
static bool has_token(const char *authorization, const char *secret)
{
    unsigned char digest_a[EVP_MAX_MD_SIZE], digest_b[EVP_MAX_MD_SIZE];
    unsigned len_a = 0, len_b = 0;
    size_t len;
    const char *token = sl_access_bearer(authorization, &len);

    if (token == NULL || EVP_Digest(token, len, digest_a, &len_a, EVP_sha256(), NULL) != 1 ||
        EVP_Digest(secret, strlen(secret), digest_b, &len_b, EVP_sha256(), NULL) != 1)
        return false;
    return len_a == len_b && CRYPTO_memcmp(digest_a, digest_b, len_a) == 0;
}

int sl_guard_tickets(const struct sl_request *request, struct sl_error *err)
{
    const struct sl_config *config = request->setup->config;

    if (has_token(request->fields.authorization, config->tickets.secret))
        return 0;
    return sl_error_set(err, SL_UNAUTHORIZED,
                        "the secret of [tickets] is needed: send Authorization: Bearer SECRET");
}

int sl_guard_admin_host(const struct sl_request *request, struct sl_error *err)
{
    const struct sl_config *config = request->setup->config;
    const struct sl_fields *fields = &request->fields;

    if (fields->host == NULL || sl_field_host_local(fields->host, config->server.admin_hosts))
        return 0;
    return sl_error_set(err, SL_FORBIDDEN,
                        "this Host is not an IP address, localhost or one of admin_hosts");
}

int sl_guard_admin_token(const struct sl_request *request, struct sl_error *err)
{
    const struct sl_config *config = request->setup->config;

    if (config->server.admin_token[0] == '\0' ||
        has_token(request->fields.authorization, config->server.admin_token))
        return 0;
    return sl_error_set(err, SL_UNAUTHORIZED, "the admin token is needed");
}
