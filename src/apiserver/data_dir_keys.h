/* The keys of service-account tokens as files.  Start-up; blocks. */
#ifndef BINNACLE_APISERVER_DATA_DIR_KEYS_H
#define BINNACLE_APISERVER_DATA_DIR_KEYS_H

#include "apiserver/data_dir.h"

struct data_dir_keys {
    struct data_dir_key {
        char *pem;
        int64_t made_ns; /* of the file */
    } at[DATA_DIR_KEYS_MAX];
    size_t len;
};
/* PKI/sa-*.key, newest first; makes one when there is none. */
int data_dir_keys_load(const char *pki, struct data_dir_keys *ret, struct err **err);
void data_dir_keys_done(struct data_dir_keys *keys);

#endif
