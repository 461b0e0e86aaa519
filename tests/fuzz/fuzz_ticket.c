/*
 * The body of `POST /tickets`, any bytes.  What is refused has a kind that the
 * interface knows; what is taken must make the same query twice, of one
 * statement that the lexer takes again as it is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "access/ticket.h"
#include "base/buf.h"
#include "catalog/lexer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
    if (!truth)
        abort();
}

static void check_sql(const char *sql)
{
    struct sl_error err;
    struct sl_buf again;

    sl_buf_init(&again, SL_TICKET_MAX);
    require(sl_lex_foreign(sql, strlen(sql), &again, &err) == 0);
    require(strcmp(again.data, sql) == 0);
    sl_buf_free(&again);
}

static void check_ticket(const struct sl_ticket *ticket)
{
    const struct sl_args none = {0};
    struct sl_query one;
    struct sl_query two;
    struct sl_error err;

    require(ticket->expires_in >= 1 && ticket->expires_in <= SL_TICKET_SECONDS_MAX);
    require(ticket->max_rows >= 0 && ticket->max_rows <= 1000);
    require(sl_ticket_query(ticket, &none, &one, &err) == 0);
    require(sl_ticket_query(ticket, &none, &two, &err) == 0);
    check_sql(one.export->sql);
    require(strcmp(one.export->sql, two.export->sql) == 0);
    require(one.n_labels == two.n_labels && one.n_labels <= SL_TICKET_LABELS);
    require(one.n_values == 0);
    sl_query_fini(&one);
    sl_query_fini(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char any[] = "*";
    static const struct sl_config config = {
        .access = {.grant_roles = any, .row_settings = any},
        .limits = {.max_rows = 1000, .max_bytes = 1000, .max_duration = 1000},
    };
    struct sl_ticket *ticket;
    struct sl_error err = {.kind = SL_NONE};

    if (size > SL_TICKET_MAX)
        return 0;
    if (sl_ticket_parse(&config, "login", (const char *)data, size, &ticket, &err) == 0) {
        check_ticket(ticket);
        sl_ticket_free(ticket);
    } else {
        require(ticket == NULL);
        require(err.kind == SL_BAD_REQUEST || err.kind == SL_BAD_PARAMETER ||
                err.kind == SL_FORBIDDEN || err.kind == SL_BAD_QUERY);
        require(err.message[0] != '\0');
    }
    return 0;
}
