# Watches, from a version on: every kind of frame, selectors, refusals.
### create
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"w","labels":{"in":"1"}},"data":{"n":"1"}}
> start = metadata.resourceVersion

### change
PATCH+merge /api/v1/namespaces/{ns}/configmaps/w

{"data":{"n":"2"}}

### leave the selector
PATCH+merge /api/v1/namespaces/{ns}/configmaps/w

{"metadata":{"labels":{"in":null}}}

### come back
PATCH+merge /api/v1/namespaces/{ns}/configmaps/w

{"metadata":{"labels":{"in":"1"}}}

### delete
DELETE /api/v1/namespaces/{ns}/configmaps/w

### another one
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","labels":{"in":"1"}}}

### from the start
GET /api/v1/namespaces/{ns}/configmaps?watch=1&timeoutSeconds=1&resourceVersion={start}

### with a selector
GET /api/v1/namespaces/{ns}/configmaps?watch=1&timeoutSeconds=1&resourceVersion={start}&labelSelector=in%3D1

### one object
GET /api/v1/namespaces/{ns}/configmaps?watch=1&timeoutSeconds=1&resourceVersion={start}&fieldSelector=metadata.name%3Dx

### now
GET /api/v1/namespaces/{ns}/configmaps?watch=true&timeoutSeconds=1

### the old path
GET /api/v1/watch/namespaces/{ns}/configmaps?timeoutSeconds=1

### the old path of one object
GET /api/v1/watch/namespaces/{ns}/configmaps/x?timeoutSeconds=1

### from version zero
GET /api/v1/namespaces/{ns}/configmaps?watch=1&timeoutSeconds=1&resourceVersion=0

### initial events
GET /api/v1/namespaces/{ns}/configmaps?watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true

### initial events without a match
GET /api/v1/namespaces/{ns}/configmaps?watch=1&timeoutSeconds=1&sendInitialEvents=true&allowWatchBookmarks=true

### match without initial events
GET /api/v1/namespaces/{ns}/configmaps?watch=1&timeoutSeconds=1&resourceVersionMatch=NotOlderThan

### as a table
GET /api/v1/namespaces/{ns}/configmaps?watch=1&timeoutSeconds=1&resourceVersion={start}
Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json

### as partial objects
GET /api/v1/namespaces/{ns}/configmaps?watch=1&timeoutSeconds=1&resourceVersion={start}
Accept: application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json

### as YAML
GET /api/v1/namespaces/{ns}/configmaps?watch=1&timeoutSeconds=1
Accept: application/yaml

### from a version that is no number
GET /api/v1/namespaces/{ns}/configmaps?watch=1&timeoutSeconds=1&resourceVersion=abc

### with a bad selector
GET /api/v1/namespaces/{ns}/configmaps?watch=1&timeoutSeconds=1&fieldSelector=data%3Dx
