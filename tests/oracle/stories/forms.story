# Forms of answers: Tables, partial objects, YAML, and what cannot be had.
### config map
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"f","labels":{"a":"b"}},"data":{"a":"1","b":"2"},"binaryData":{"c":"AA=="}}

### table of one
GET /api/v1/namespaces/{ns}/configmaps/f
Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json

### table of all
GET /api/v1/namespaces/{ns}/configmaps
Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json

### table with whole objects
GET /api/v1/namespaces/{ns}/configmaps?includeObject=Object
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### table without objects
GET /api/v1/namespaces/{ns}/configmaps?includeObject=None
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### table with something
GET /api/v1/namespaces/{ns}/configmaps?includeObject=Something
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

### table of v1beta1
GET /api/v1/namespaces/{ns}/configmaps/f
Accept: application/json;as=Table;v=v1beta1;g=meta.k8s.io

### table of an unknown version
GET /api/v1/namespaces/{ns}/configmaps/f
Accept: application/json;as=Table;v=v7;g=meta.k8s.io

### partial object
GET /api/v1/namespaces/{ns}/configmaps/f
Accept: application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io

### partial objects
GET /api/v1/namespaces/{ns}/configmaps?labelSelector=a%3Db
Accept: application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io

### YAML
GET /api/v1/namespaces/{ns}/configmaps/none
Accept: application/yaml

### HTML
GET /api/v1/namespaces/{ns}/configmaps/f
Accept: text/html

### HTML, or anything
GET /api/v1/namespaces/{ns}/configmaps/f
Accept: text/html,*/*;q=0.8

### the best of several
GET /api/v1/namespaces/{ns}/configmaps/f
Accept: application/xml, application/json;q=0.1

### CBOR
GET /api/v1/namespaces/{ns}/configmaps/f
Accept: application/cbor

### pretty
GET /api/v1/namespaces/{ns}/configmaps/f?pretty=true

### table of a created object
POST /api/v1/namespaces/{ns}/configmaps
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"g"}}

### table of a deleted object
DELETE /api/v1/namespaces/{ns}/configmaps/g
Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json

### table of an access review
POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews
Accept: application/json;as=Table;v=v1;g=meta.k8s.io

{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"verb":"get","resource":"pods"}}}

### table of an error
GET /api/v1/namespaces/{ns}/configmaps/none
Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json

### table of a namespace
GET /api/v1/namespaces/{ns}
Accept: application/json;as=Table;v=v1;g=meta.k8s.io
