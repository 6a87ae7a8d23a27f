/* SPDY/3.1 frames and the compression of their headers.  Pure but for the compressor's state. */
#ifndef BINNACLE_NET_SPDY_FRAME_H
#define BINNACLE_NET_SPDY_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct http_header;
struct spdy_frame_zip;

enum { SPDY_FRAME_HEAD = 8, SPDY_FRAME_SIZE_MAX = (1 << 24) - 1 };
enum spdy_frame_type {
    SPDY_FRAME_DATA = 0, /* ours: the wire has a bit for it */
    SPDY_FRAME_SYN_STREAM = 1,
    SPDY_FRAME_SYN_REPLY = 2,
    SPDY_FRAME_RST_STREAM = 3,
    SPDY_FRAME_SETTINGS = 4,
    SPDY_FRAME_PING = 6,
    SPDY_FRAME_GOAWAY = 7,
    SPDY_FRAME_HEADERS = 8,
    SPDY_FRAME_WINDOW_UPDATE = 9,
};
enum { SPDY_FRAME_FIN = 1 };
struct spdy_frame {
    int type;        /* enum spdy_frame_type, or one that we do not know */
    unsigned stream; /* of DATA */
    unsigned flags;
    size_t size; /* of what follows the head */
};
/* false: it is no frame of version 3. */
bool spdy_frame_parse(const unsigned char head[SPDY_FRAME_HEAD], struct spdy_frame *ret);
void spdy_frame_put(struct str_builder *out, const struct spdy_frame *frame); /* its head */
unsigned spdy_frame_word(const unsigned char *at);                            /* 31 bits */
void spdy_frame_put_word(struct str_builder *out, unsigned word);

struct spdy_frame_zip *spdy_frame_zip_new(void);
void spdy_frame_zip_free(struct spdy_frame_zip *zip);
/* A header block, compressed with all that came before it on this connection. */
void spdy_frame_zip_put(struct spdy_frame_zip *zip, const struct http_header *headers, size_t len,
                        struct str_builder *out);

/* What both sides' compressors begin with (SPDY protocol, draft 3, section 2.6.10.1). */
extern const unsigned char spdy_frame_dictionary[];
extern const size_t spdy_frame_dictionary_size;

#endif
