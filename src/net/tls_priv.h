/* What tls.c and tls_conn.c share. */
#ifndef BINNACLE_NET_TLS_PRIV_H
#define BINNACLE_NET_TLS_PRIV_H

#include <openssl/ssl.h>

#include "net/tls.h"

enum { TLS_ALPN_SIZE = 32 };

struct tls_ctx {
    unsigned refs;
    bool is_server;
    bool is_insecure;
    SSL_CTX *ssl_ctx;
    char *server_name;                 /* clients: name or address to verify */
    unsigned char alpn[TLS_ALPN_SIZE]; /* clients: length-prefixed names */
    unsigned alpn_size;
    SSL_SESSION *session; /* clients: the last one, NULL at first */
    BIO_METHOD *bio;      /* reads and writes a conn */
};

BIO_METHOD *tls_bio_method(void); /* in tls_conn.c; the ctx owns it */
/* Takes OpenSSL's queue of this thread: its first reason as text, "" when it is empty. */
int tls_err(struct err **err, enum err_code code, const char *doing);

#endif
