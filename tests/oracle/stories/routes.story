# Paths and methods that are not there, version, discovery.
### unknown path
GET /nothing

### unknown group
GET /apis/nothing.example.com/v1/things

### unknown version
GET /apis/apps/v9/deployments

### unknown resource
GET /api/v1/namespaces/{ns}/things

### unknown resource by name
GET /apis/apps/v1/namespaces/{ns}/things/x

### unknown subresource
GET /api/v1/namespaces/{ns}/configmaps/x/status

### cluster path of a namespaced object
GET /api/v1/configmaps/x

### create without a namespace
POST /api/v1/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}

### create by name
POST /api/v1/namespaces/{ns}/configmaps/x

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}

### replace all
PUT /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}

### patch all
PATCH+merge /api/v1/namespaces/{ns}/configmaps

{}

### delete a review
DELETE /apis/authorization.k8s.io/v1/selfsubjectaccessreviews

### get a review
GET /apis/authorization.k8s.io/v1/selfsubjectaccessreviews

### get a binding
GET /api/v1/namespaces/{ns}/bindings

### delete all namespaces
DELETE /api/v1/namespaces

### delete all services
DELETE /api/v1/namespaces/{ns}/services?labelSelector=no%3Done

### trailing slash
GET /api/v1/namespaces/{ns}/configmaps/

### two slashes
GET /api/v1/namespaces//configmaps?labelSelector=no%3Done

### head
HEAD /api/v1/namespaces/{ns}

### options
OPTIONS /api/v1/namespaces/{ns}

### api
GET /api

### the core group
GET /api/v1

### an unknown core version
GET /api/v2

### group apps
GET /apis/apps

### group apps v1
GET /apis/apps/v1

### batch v1
GET /apis/batch/v1

### rbac v1
GET /apis/rbac.authorization.k8s.io/v1

### coordination v1
GET /apis/coordination.k8s.io/v1

### discovery v1
GET /apis/discovery.k8s.io/v1

### events v1
GET /apis/events.k8s.io/v1

### authentication v1
GET /apis/authentication.k8s.io/v1

### authorization v1
GET /apis/authorization.k8s.io/v1

### certificates v1
GET /apis/certificates.k8s.io/v1

### unknown group alone
GET /apis/nothing.example.com

### version
GET /version

### health
GET /healthz

### live
GET /livez

### ready
GET /readyz

### one check of ready
GET /readyz/ping

### an unknown check
GET /readyz/nothing
