# ConfigMap: create, defaults, every way to change it, conflicts, deletion.
### create
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"app":"x"}},"data":{"k":"v","html":"<&>\u2028"},"binaryData":{"b":"AAEC"}}
> uid = metadata.uid
> rv = metadata.resourceVersion

### create again
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}

### get
GET /api/v1/namespaces/{ns}/configmaps/a

### get nothing
GET /api/v1/namespaces/{ns}/configmaps/none

### create with YAML
POST /api/v1/namespaces/{ns}/configmaps
Content-Type: application/yaml

apiVersion: v1
kind: ConfigMap
metadata:
  name: yaml
data:
  text: |
    two
    lines

### create with a generated name
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"gen-"}}

### create without a name
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{}}

### create with a bad name and bad labels
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"A_b","labels":{"-bad":"x","ok":"no spaces"},"annotations":{"a/b/c":"x"}}}

### create with bad keys
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"badkeys"},"data":{"a/b":"x"}}

### create with a key of dots
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"badkeys"},"binaryData":{"..":"AAEC"}}

### create with a key twice
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"badkeys"},"data":{"both":"1"},"binaryData":{"both":"AAEC"}}

### create with a resourceVersion
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"rv","resourceVersion":"12"}}

### create in another namespace than the path's
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"other","namespace":"default"}}

### create in a namespace that is not there
POST /api/v1/namespaces/{ns}-none/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}

### create another kind
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}

### create with wrong types
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"types"},"data":{"k":1}}

### create what is no JSON
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap",

### create with an empty body
POST /api/v1/namespaces/{ns}/configmaps

### create with an unknown media type
POST /api/v1/namespaces/{ns}/configmaps
Content-Type: text/plain

hello

### create with base64 that is none
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"base64"},"binaryData":{"b":"*"}}

### replace
PUT /api/v1/namespaces/{ns}/configmaps/a?fieldManager=second

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"{rv}"},"data":{"k":"w"}}

### replace with the old resourceVersion
PUT /api/v1/namespaces/{ns}/configmaps/a

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"{rv}"},"data":{"k":"z"}}

### replace without a resourceVersion
PUT /api/v1/namespaces/{ns}/configmaps/a

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"u"}}

### replace with the same
PUT /api/v1/namespaces/{ns}/configmaps/a

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"u"}}

### replace under another name
PUT /api/v1/namespaces/{ns}/configmaps/a

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}}

### replace with another uid
PUT /api/v1/namespaces/{ns}/configmaps/a

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","uid":"00000000-0000-0000-0000-000000000001"}}

### replace what is not there
PUT /api/v1/namespaces/{ns}/configmaps/none

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"none"}}

### replace with a bad resourceVersion
PUT /api/v1/namespaces/{ns}/configmaps/a

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"abc"}}

### make it immutable
PATCH+merge /api/v1/namespaces/{ns}/configmaps/a

{"immutable":true}

### change what is immutable
PATCH+merge /api/v1/namespaces/{ns}/configmaps/a

{"data":{"k":"changed"}}

### make it mutable again
PATCH+merge /api/v1/namespaces/{ns}/configmaps/a

{"immutable":false}

### delete with a precondition that fails
DELETE /api/v1/namespaces/{ns}/configmaps/a

{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"00000000-0000-0000-0000-000000000001"}}

### delete with a resourceVersion that is old
DELETE /api/v1/namespaces/{ns}/configmaps/a

{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"resourceVersion":"{rv}"}}

### delete as a dry run
DELETE /api/v1/namespaces/{ns}/configmaps/a?dryRun=All

### delete
DELETE /api/v1/namespaces/{ns}/configmaps/a

{"preconditions":{"uid":"{uid}"}}

### delete again
DELETE /api/v1/namespaces/{ns}/configmaps/a
