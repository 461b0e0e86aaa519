/*
 * One connection to PostgreSQL.  libpq lives in this folder and nowhere else.  A
 * session belongs to one thread at a time; between runs a slot keeps it.
 */
#ifndef SL_SESSION_H
#define SL_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include "base/watch.h"

struct sl_session;

/* "15.18", the version of libpq in use. Borrowed; each thread has its own. */
const char *sl_pg_version(void);

/* Unsets the environment variables by which libpq would change how values print. Before threads. */
void sl_pg_setup(void);

/*
 * Can libpq make sense of this dsn?  SL_CONFIG and what to write instead, without a word of
 * the dsn: what libpq says of one that is malformed quotes it, the password included.
 */
int sl_pg_dsn_check(const char *dsn, struct sl_error *err) SL_MUSTCHECK;

/*
 * Connects (without blocking beyond name resolution) while the watch allows it.
 * dsn is a URI or keywords, "" for libpq's environment; borrowed for the session's life.
 * SL_UNAVAILABLE when the server cannot be reached or refuses, SL_CONFIG as
 * sl_pg_dsn_check() says.  NULL on error.
 */
struct sl_session *sl_session_open(const char *dsn, struct sl_watch *watch, struct sl_error *err);

/* Was it opened with this dsn? */
bool sl_session_of(const struct sl_session *session, const char *dsn);

/*
 * Whom libpq would log in as with this dsn, after its service files and the
 * environment; "" when that is not to be told.  Connects nowhere.
 */
void sl_pg_login(const char *dsn, char login[64]);

/* As the server tells it, with whatever stands between: who it is, and a superuser? */
const char *sl_session_login(const struct sl_session *session);
bool sl_session_superuser(const struct sl_session *session);

/* Closes the connection; a transaction that is open is rolled back by the server. */
void sl_session_close(struct sl_session *session);

/*
 * Asks the server to stop what it computes, waiting at most SL_CANCEL_MS for it,
 * then closes.  A backend that is blocked in sending notices the close.
 */
void sl_session_cancel_close(struct sl_session *session);

/* The socket, for poll(2) only. */
int sl_session_fd(const struct sl_session *session);

/* May another run have it: idle, no wide row seen, never failed? */
bool sl_session_reusable(const struct sl_session *session);

#endif
