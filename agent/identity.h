/* The node's own keys and certificate requests: `binnacle-agent identity`.  Start-up; blocks. */
#ifndef BINNACLE_AGENT_IDENTITY_H
#define BINNACLE_AGENT_IDENTITY_H

struct err;

/* Words after "identity": --dir DIR --node-name NAME, and either --address IP --purpose client|serving
 * (makes DIR/PURPOSE.key, 0600, when absent and prints a certificate request for it) or --check (are
 * both certificates there and good for a week?). → exit status. */
int identity_main(int argc, char *const *argv);

#endif
