/* Which path is answered by which handler: one table for all listeners. */
#ifndef SL_ROUTES_H
#define SL_ROUTES_H

#include "http/request.h"

/* Answers a request that has passed sl_guard(). MHD_NO closes the connection without a reply. */
enum MHD_Result sl_route(struct sl_request *request);

/* Is the request's body, if it has one, to be read before the route is taken? */
bool sl_route_takes_body(const struct sl_request *request);

/*
 * Before the body of `POST /tickets` is read: is it wanted?  Makes request->body, and
 * request->refused when sl_serve_new_ticket() will refuse; -1: the answer cannot wait.
 */
int sl_ticket_expect(struct sl_request *request, struct sl_error *err) SL_MUSTCHECK; /* tickets.c */

/*
 * The handlers.  Each checks method and access itself, in the order that keeps
 * from a caller what it may not know.
 */
enum MHD_Result sl_serve_catalogue(struct sl_request *request);  /* catalogue.c */
enum MHD_Result sl_serve_openapi(struct sl_request *request);    /* openapi.c */
enum MHD_Result sl_serve_export(struct sl_request *request);     /* exports.c */
enum MHD_Result sl_serve_table(struct sl_request *request);      /* tables.c */
enum MHD_Result sl_serve_grant(struct sl_request *request);      /* grants.c */
enum MHD_Result sl_serve_ticket(struct sl_request *request);     /* tickets.c */
enum MHD_Result sl_serve_new_ticket(struct sl_request *request); /* tickets.c */
enum MHD_Result sl_serve_run(struct sl_request *request);        /* runs.c */
enum MHD_Result sl_serve_health(struct sl_request *request);     /* admin.c */
enum MHD_Result sl_serve_ready(struct sl_request *request);      /* admin.c */
enum MHD_Result sl_serve_runs(struct sl_request *request);       /* admin.c */
enum MHD_Result sl_serve_admin_run(struct sl_request *request);  /* admin.c */
enum MHD_Result sl_serve_metrics(struct sl_request *request);    /* metrics.c */

enum MHD_Result sl_serve_status(struct sl_request *request);      /* status.c */
enum MHD_Result sl_serve_status_file(struct sl_request *request); /* status.c */
enum MHD_Result sl_serve_status_json(struct sl_request *request); /* status.c */

/* The request is over: another scrape may come in its place. */
void sl_metrics_done(struct sl_request *request); /* metrics.c */

#endif
