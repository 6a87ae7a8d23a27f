# fieldValidation in its three ways, dry runs, bad options.
### unknown and duplicate fields, ignored
POST /api/v1/namespaces/{ns}/configmaps?fieldValidation=Ignore

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"ignore","frob":1},"data":{"a":"1","a":"2"},"extra":{}}

### unknown and duplicate fields, warned of
POST /api/v1/namespaces/{ns}/configmaps?fieldValidation=Warn

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"warn","frob":1},"data":{"a":"1","a":"2"},"extra":{}}

### unknown and duplicate fields, by default
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"default","frob":1},"data":{"a":"1","a":"2"},"extra":{}}

### unknown and duplicate fields, refused
POST /api/v1/namespaces/{ns}/configmaps?fieldValidation=Strict

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"strict","frob":1},"data":{"a":"1","a":"2"},"extra":{}}

### unknown fields of a list's element, refused
POST /apis/apps/v1/namespaces/{ns}/deployments?fieldValidation=Strict

{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"strict"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i","prots":[],"env":[{"nam":"A"}]}],"frob":true}}}}

### YAML, refused
POST /api/v1/namespaces/{ns}/configmaps?fieldValidation=Strict
Content-Type: application/yaml

apiVersion: v1
kind: ConfigMap
metadata:
  name: strict
  frob: 1
data:
  a: "1"
  a: "2"

### unknown validation
POST /api/v1/namespaces/{ns}/configmaps?fieldValidation=Loud

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"loud"}}

### dry run
POST /api/v1/namespaces/{ns}/configmaps?dryRun=All

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"dry"}}

### dry run left nothing
GET /api/v1/namespaces/{ns}/configmaps/dry

### dry run in an unknown way
POST /api/v1/namespaces/{ns}/configmaps?dryRun=Sometimes

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"dry"}}

### dry run is validated
POST /api/v1/namespaces/{ns}/configmaps?dryRun=All

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"Dry"}}

### field manager of strange characters
POST /api/v1/namespaces/{ns}/configmaps?fieldManager=a%0ab

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"manager"}}

### replace with unknown fields, refused
PUT /api/v1/namespaces/{ns}/configmaps/warn?fieldValidation=Strict

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"warn"},"dada":{}}

### case of keys matters
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"case"},"Data":{"a":"1"}}

### nulls
POST /api/v1/namespaces/{ns}/configmaps?fieldValidation=Strict

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"nulls","labels":null,"annotations":{"a":null}},"data":null,"immutable":null}

### too large for one object
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"large"},"data":{"a":"{x*1100000}"}}

### too large for a request
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"large"},"data":{"a":"{x*3200000}"}}
