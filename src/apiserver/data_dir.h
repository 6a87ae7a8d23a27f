/* The data directory of `serve`: lock, certificates, kubeconfig, paths.  Start-up; blocks. */
#ifndef BINNACLE_APISERVER_DATA_DIR_H
#define BINNACLE_APISERVER_DATA_DIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct data_dir;
struct err;
struct options;

/* Makes the directory (0700) and takes its lock: a second process is told who holds it. */
int data_dir_open(const char *path, struct data_dir **ret, struct err **err);
void data_dir_close(struct data_dir *dir); /* gives the lock back; NULL allowed */
const char *data_dir_path(const struct data_dir *dir);
/* DIR/name, owned by the caller. */
char *data_dir_file(const struct data_dir *dir, const char *name);
uint32_t data_dir_owner_uid(const struct data_dir *dir);
const char *data_dir_owner_name(const struct data_dir *dir); /* NULL: it has none */

/* Certificates of the API: made when absent, renewed when due. PEM texts live as long as dir. */
struct data_dir_certs {
    struct str client_ca, serving_ca, serving_cert, serving_key, admin_cert, admin_key;
};
int data_dir_certs(struct data_dir *dir, const struct options *options, struct data_dir_certs *ret,
                   struct err **err);
/* The keys of service-account tokens, DIR/pki/sa-<kid>.key, newest first; one is made when there is
 * none. To rotate, put a new file there and start again: the old ones still verify. data_dir_keys.c */
enum { DATA_DIR_KEYS_MAX = 8 };
int data_dir_account_keys(struct data_dir *dir, struct str ret_pem[DATA_DIR_KEYS_MAX],
                          size_t *ret_len, struct err **err);
/* A certificate for a request, signed by the clients' CA, or by that of servers: PEM, the caller's.
 * After data_dir_certs. */
int data_dir_sign(const struct data_dir *dir, struct str csr_pem, bool is_server, int64_t seconds,
                  char **ret_pem, struct err **err);
/* Writes DIR/admin.kubeconfig (0600), replacing it at once. */
int data_dir_kubeconfig(struct data_dir *dir, const char *server, struct err **err);
/* The audit log, opened for appending (0600); -1 with *err. */
int data_dir_audit(struct data_dir *dir, struct err **err);

#endif
