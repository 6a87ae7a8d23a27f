# Secrets: types with their rules, stringData.
### opaque
POST /api/v1/namespaces/{ns}/secrets

{"apiVersion":"v1","kind":"Secret","metadata":{"name":"opaque"},"data":{"a":"MQ==","b":"Mg=="},"stringData":{"b":"two","c":"three"}}

### change its type
PATCH+merge /api/v1/namespaces/{ns}/secrets/opaque

{"type":"example.com/other"}

### stringData by patch
PATCH+merge /api/v1/namespaces/{ns}/secrets/opaque

{"stringData":{"d":"four"}}

### bad base64
POST /api/v1/namespaces/{ns}/secrets

{"apiVersion":"v1","kind":"Secret","metadata":{"name":"bad"},"data":{"a":"not base64!"}}

### TLS without a key
POST /api/v1/namespaces/{ns}/secrets

{"apiVersion":"v1","kind":"Secret","metadata":{"name":"tls"},"type":"kubernetes.io/tls","data":{"tls.crt":"MQ=="}}

### TLS without anything
POST /api/v1/namespaces/{ns}/secrets

{"apiVersion":"v1","kind":"Secret","metadata":{"name":"tls"},"type":"kubernetes.io/tls"}

### TLS
POST /api/v1/namespaces/{ns}/secrets

{"apiVersion":"v1","kind":"Secret","metadata":{"name":"tls"},"type":"kubernetes.io/tls","stringData":{"tls.crt":"a","tls.key":"b"}}

### basic auth without anything
POST /api/v1/namespaces/{ns}/secrets

{"apiVersion":"v1","kind":"Secret","metadata":{"name":"basic"},"type":"kubernetes.io/basic-auth"}

### ssh without a key
POST /api/v1/namespaces/{ns}/secrets

{"apiVersion":"v1","kind":"Secret","metadata":{"name":"ssh"},"type":"kubernetes.io/ssh-auth"}

### dockerconfigjson without a file
POST /api/v1/namespaces/{ns}/secrets

{"apiVersion":"v1","kind":"Secret","metadata":{"name":"docker"},"type":"kubernetes.io/dockerconfigjson"}

### dockerconfigjson that is no JSON
POST /api/v1/namespaces/{ns}/secrets

{"apiVersion":"v1","kind":"Secret","metadata":{"name":"docker"},"type":"kubernetes.io/dockerconfigjson","stringData":{".dockerconfigjson":"{"}}

### dockercfg
POST /api/v1/namespaces/{ns}/secrets

{"apiVersion":"v1","kind":"Secret","metadata":{"name":"docker"},"type":"kubernetes.io/dockercfg","stringData":{".dockercfg":"{}"}}

### service account token without an account
POST /api/v1/namespaces/{ns}/secrets

{"apiVersion":"v1","kind":"Secret","metadata":{"name":"token"},"type":"kubernetes.io/service-account-token"}

### bad key
POST /api/v1/namespaces/{ns}/secrets

{"apiVersion":"v1","kind":"Secret","metadata":{"name":"key"},"data":{"a b":"MQ=="}}

### too large
POST /api/v1/namespaces/{ns}/secrets

{"apiVersion":"v1","kind":"Secret","metadata":{"name":"large"},"stringData":{"a":"{x*1048577}"}}

### immutable
POST /api/v1/namespaces/{ns}/secrets

{"apiVersion":"v1","kind":"Secret","metadata":{"name":"fixed"},"stringData":{"a":"1"},"immutable":true}

### change the immutable
PATCH+merge /api/v1/namespaces/{ns}/secrets/fixed

{"stringData":{"a":"2"}}

### table
GET /api/v1/namespaces/{ns}/secrets
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### by type
GET /api/v1/namespaces/{ns}/secrets?fieldSelector=type%3Dkubernetes.io/tls

### service account
POST /api/v1/namespaces/{ns}/serviceaccounts

{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"sa"},"secrets":[{"name":"opaque"}],"imagePullSecrets":[{"name":"docker"}],"automountServiceAccountToken":false}

### service account of a bad name
POST /api/v1/namespaces/{ns}/serviceaccounts

{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"Sa"}}

### table of service accounts
GET /api/v1/namespaces/{ns}/serviceaccounts
Accept: application/json;as=Table;v=v1;g=meta.k8s.io
