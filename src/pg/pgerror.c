#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pg/internal.h"

/* SQLSTATEs and classes (two characters) that are not simply the export's own fault. */
static const struct {
    const char *prefix;
    enum sl_kind kind;
    const char *message;
} states[] = {
    {"42501", SL_FORBIDDEN, "the database refuses: insufficient privilege"},
    {"55P03", SL_TIMEOUT, "a lock was not granted within lock_timeout"},
    {"57014", SL_TIMEOUT, "the query was cancelled: it took longer than it may"},
    {"25P03", SL_TIMEOUT, "the database ended a transaction that waited too long for the client"},
    {"25P04", SL_TIMEOUT, "the database ended the transaction: transaction_timeout"},
    {"40P01", SL_DB_LOST, "the query was cancelled by a deadlock with recovery; try again"},
    {"40001", SL_DB_LOST, "the query was cancelled by a conflict with recovery; try again"},
    {"57P", SL_DB_LOST, "the database connection was terminated"},
    {"08", SL_DB_LOST, "the database connection was lost"},
    {"53300", SL_UNAVAILABLE, "the database has no connection left"},
    {"3D000", SL_UNAVAILABLE, "the database does not exist"},
    {"28", SL_UNAVAILABLE, "the database refuses this server's login"},
};

/*
 * "unnamed portal parameter $2 = '...'", in the server's language, is the last line
 * of the context: the number, 0 when it names none.
 */
static int parameter_number(const PGresult *result)
{
    const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
    const char *newline = context == NULL ? NULL : strrchr(context, '\n');

    for (const char *p = newline == NULL ? context : newline; p != NULL && *p != '\0'; p++)
        if (*p == '$' && p[1] >= '1' && p[1] <= '9')
            return (int)strtol(p + 1, NULL, 10);
    return 0;
}

/*
 * Does an input function refuse a value like that?  Mostly with a data exception; those of
 * tsquery, ltree and reg* with an error of syntax or of names, hstore's with an internal one
 * (before PostgreSQL 17).
 */
static bool refuses_value(const char *state)
{
    return strncmp(state, "22", 2) == 0 || strcmp(state, "XX000") == 0 ||
           (strncmp(state, "42", 2) == 0 && strcmp(state, "42501") != 0);
}

/*
 * May the server's words show a value of the caller's?  Only those are known not to that
 * speak of the server itself, or that it said as it read the statement, in which parameters
 * stand for values.  What comes out of a function, which has a context, may be anything.
 */
static bool may_quote(const PGresult *result, const char *state)
{
    static const char *const of_server[] = {"08", "25", "28", "40", "42501", "53", "55", "57"};
    static const char *const of_statement[] = {"42703", "42704", "42883", "42P01"};
    const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);

    if (context != NULL && context[0] != '\0')
        return true;
    for (size_t i = 0; i < sizeof of_server / sizeof of_server[0]; i++)
        if (strncmp(state, of_server[i], strlen(of_server[i])) == 0)
            return false;
    for (size_t i = 0; i < sizeof of_statement / sizeof of_statement[0]; i++)
        if (strcmp(state, of_statement[i]) == 0)
            return PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION) == NULL;
    return true;
}

static int connection_error(struct sl_session *session, struct sl_error *err)
{
    session->failed = true;
    sl_error_set(err, SL_DB_LOST,
                 PQstatus(session->conn) == CONNECTION_OK ? "the database did not understand"
                                                          : "the database cannot be reached");
    return sl_error_detail(err, "%s", PQerrorMessage(session->conn));
}

int sl_pg_error(struct sl_session *session, const PGresult *result, struct sl_error *err)
{
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);

    if (state == NULL)
        return connection_error(session, err);
    session->failed = true;

    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    int number = session->binding && refuses_value(state) ? parameter_number(result) : 0;

    sl_error_set(err, SL_SQL, "the export's query failed with SQLSTATE %s", state);
    if (number > 0) {
        sl_error_set(err, SL_BAD_PARAMETER, "the value is not of the type");
        snprintf(err->parameter, sizeof err->parameter, "$%d", number);
    } else {
        for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
            if (strncmp(state, states[i].prefix, strlen(states[i].prefix)) != 0)
                continue;
            sl_error_set(err, states[i].kind, "%s", states[i].message);
            break;
        }
    }
    /* The text is the server's language; where it is English it tells an operator's cancel. */
    if (strcmp(state, "57014") == 0 && primary != NULL && strstr(primary, "user request") != NULL)
        sl_error_set(err, SL_DB_LOST, "the query was cancelled in the database");
    snprintf(err->sqlstate, sizeof err->sqlstate, "%s", state);
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    err->position = position == NULL ? 0 : (int)strtol(position, NULL, 10);
    err->quotes = may_quote(result, state);
    return sl_error_detail(err, "%s", primary == NULL ? "" : primary);
}
