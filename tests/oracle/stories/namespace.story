# Namespaces: defaults, status, finalizers, deletion, what a dying one refuses.
### create
POST /api/v1/namespaces

{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{ns}-a","labels":{"team":"x"}}}

### create again
POST /api/v1/namespaces

{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{ns}-a"}}

### create with a bad name
POST /api/v1/namespaces

{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a.b"}}

### create with a long name
POST /api/v1/namespaces

{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{a*64}"}}

### create with another label of its name
POST /api/v1/namespaces

{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{ns}-b","labels":{"kubernetes.io/metadata.name":"other"}}}

### create with a namespace
POST /api/v1/namespaces

{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{ns}-c","namespace":"default"}}

### create with a finalizer
POST /api/v1/namespaces

{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{ns}-d"},"spec":{"finalizers":["bad"]}}

### status
PATCH+merge /api/v1/namespaces/{ns}-a/status

{"status":{"phase":"Terminating","conditions":[{"type":"X","status":"True"}]},"metadata":{"annotations":{"a":"b"}}}

### spec through status
PATCH+merge /api/v1/namespaces/{ns}-a/status

{"spec":{"finalizers":["x/y"]}}

### get
GET /api/v1/namespaces/{ns}-a

### list by name
GET /api/v1/namespaces?fieldSelector=metadata.name%3D{ns}-a

### list by phase
GET /api/v1/namespaces?fieldSelector=status.phase%3DTerminating,metadata.name%3D{ns}-a

### delete
DELETE /api/v1/namespaces/{ns}-b

### delete again
DELETE /api/v1/namespaces/{ns}-b

### create in a dying one
POST /api/v1/namespaces/{ns}-b/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"late"}}

### finalize
PUT /api/v1/namespaces/{ns}-b/finalize

{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{ns}-b"},"spec":{"finalizers":[]}}

### it is gone
GET /api/v1/namespaces/{ns}-b

### finalize what is not there
PUT /api/v1/namespaces/{ns}-b/finalize

{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{ns}-b"},"spec":{"finalizers":[]}}

### delete default
DELETE /api/v1/namespaces/default

### delete kube-system
DELETE /api/v1/namespaces/kube-system
