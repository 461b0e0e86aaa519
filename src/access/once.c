#include "access/once.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

/* Half of a SHA-256: nobody who cannot sign can choose the texts that it must tell apart. */
#define MARK 16

/* More than the one that a use adds, so that what has expired goes without a walk through all. */
#define FORGOTTEN_AT_A_USE 2

struct used {
    int64_t exp;
    unsigned char mark[MARK];
};

struct sl_once {
    pthread_mutex_t lock; /* guards all below */
    void *all;            /* a tree of tsearch(), in the order of compare() */
    size_t n;
    int64_t forgotten; /* what expired until then is perhaps not remembered */
};

struct sl_once *sl_once_new(void)
{
    struct sl_once *once = calloc(1, sizeof(*once));

    if (once != NULL)
        pthread_mutex_init(&once->lock, NULL);
    return once;
}

void sl_once_free(struct sl_once *once)
{
    if (once == NULL)
        return;
    pthread_mutex_destroy(&once->lock);
    tdestroy(once->all, free);
    free(once);
}

static int used_of(const char *token, int64_t exp, struct used *used, struct sl_error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];

    if (EVP_Digest(token, strlen(token), digest, NULL, EVP_sha256(), NULL) != 1)
        return sl_error_set(err, SL_INTERNAL, "SHA-256 is not available");
    used->exp = exp;
    memcpy(used->mark, digest, MARK);
    return 0;
}

/* What expires first comes first. */
static int compare(const void *a, const void *b)
{
    const struct used *one = a;
    const struct used *other = b;

    if (one->exp != other->exp)
        return one->exp < other->exp ? -1 : 1;
    return memcmp(one->mark, other->mark, MARK);
}

/* Instead of compare(), finds any that has expired: those are on the left of all others. */
static int compare_expired(const void *now, const void *used)
{
    return ((const struct used *)used)->exp <= *(const int64_t *)now ? 0 : -1;
}

/* `node` is of the tree, or NULL. */
static void drop(struct sl_once *once, void *node)
{
    if (node == NULL)
        return;
    struct used *used = *(struct used **)node;
    tdelete(used, &once->all, compare);
    free(used);
    once->n--;
}

static void forget_expired(struct sl_once *once, int64_t now)
{
    for (int i = 0; i < FORGOTTEN_AT_A_USE; i++) {
        void *node = tfind(&now, &once->all, compare_expired);

        if (node == NULL)
            return;
        if (now > once->forgotten)
            once->forgotten = now;
        drop(once, node);
    }
}

static int check(struct sl_once *once, const struct used *used, struct sl_error *err)
{
    if (tfind(used, &once->all, compare) == NULL)
        return 0;
    return sl_error_set(err, SL_TICKET_GONE,
                        "this grant was good for one use, and it has been used");
}

static int remember(struct sl_once *once, const struct used *used, struct sl_error *err)
{
    if (once->n >= SL_ONCE_MAX)
        return sl_error_set(err, SL_BUSY, "too many grants for one use are remembered");
    struct used *made = malloc(sizeof(*made));
    if (made == NULL)
        return sl_error_nomem(err);
    *made = *used;
    if (tsearch(made, &once->all, compare) == NULL) {
        free(made);
        return sl_error_nomem(err);
    }
    once->n++;
    return 0;
}

int sl_once_check(struct sl_once *once, const char *token, int64_t exp, struct sl_error *err)
{
    struct used used;

    if (used_of(token, exp, &used, err) != 0)
        return -1;
    pthread_mutex_lock(&once->lock);
    int result = check(once, &used, err);
    pthread_mutex_unlock(&once->lock);
    return result;
}

int sl_once_use(struct sl_once *once, const char *token, int64_t exp, int64_t now,
                struct sl_error *err)
{
    struct used used;

    if (used_of(token, exp, &used, err) != 0)
        return -1;
    pthread_mutex_lock(&once->lock);
    int result = check(once, &used, err);
    /* `now` was read before the lock was had, and others may have forgotten since. */
    if (result == 0 && exp <= (now > once->forgotten ? now : once->forgotten))
        result =
            sl_error_set(err, SL_FORBIDDEN, "the grant has expired while it waited for a slot");
    if (result == 0) {
        forget_expired(once, now);
        result = remember(once, &used, err);
    }
    pthread_mutex_unlock(&once->lock);
    return result;
}

void sl_once_give_back(struct sl_once *once, const char *token, int64_t exp)
{
    struct used used;
    struct sl_error err;

    if (used_of(token, exp, &used, &err) != 0)
        return;
    pthread_mutex_lock(&once->lock);
    drop(once, tfind(&used, &once->all, compare));
    pthread_mutex_unlock(&once->lock);
}
