/* The streams of a container: exec and attach over a WebSocket of the API.  Loop thread. */
#ifndef BINNACLE_CLIENT_CHANNELS_H
#define BINNACLE_CLIENT_CHANNELS_H

#include <stdbool.h>

#include "base/str.h"

struct channels;
struct client;
struct err;
struct loop;
struct resource;

/* Everything is copied by channels_open. */
struct channels_spec {
    struct loop *loop;
    struct client *client;
    const struct resource *pods;
    struct str ns, name, container;
    const char *const *command; /* NULL-terminated: exec; NULL: attach to what runs */
    bool has_input, is_terminal;
    /* The server has agreed: never inside channels_open. */
    void (*opened_fn)(void *ctx);
    /* Bytes, which live during the call. Without a terminal standard error comes apart. */
    void (*output_fn)(void *ctx, bool is_stderr, struct str bytes);
    /* After channels_write said false: there is room again. */
    void (*room_fn)(void *ctx);
    /* Exactly once, unless channels_free comes first; the last call. exit_code is that of the command
     * when err is NULL. */
    void (*closed_fn)(void *ctx, int exit_code, struct err *owned);
    void *ctx;
};

struct channels *channels_open(const struct channels_spec *spec);
/* Input, once opened. false: much is queued, wait for room_fn; it is sent all the same. */
bool channels_write(struct channels *channels, struct str bytes);
void channels_end_input(struct channels *channels);
/* The size of the terminal, in cells. */
void channels_resize(struct channels *channels, int width, int height);
void channels_free(struct channels *channels); /* cuts; no callback comes after; NULL allowed */

#endif
