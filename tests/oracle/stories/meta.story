# Metadata: owners, finalizers, deletion with finalizers, generations, managed fields.
### owner
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"owner","finalizers":["example.com/hold"]}}
> uid = metadata.uid

### dependant
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"dependant","ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":"{uid}","controller":true,"blockOwnerDeletion":true}]}}

### bad owners
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad","ownerReferences":[{"apiVersion":"","kind":"","name":"","uid":""},{"apiVersion":"v1","kind":"Event","name":"a","uid":"b"}]}}

### two controllers
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad","ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"a","uid":"a","controller":true},{"apiVersion":"v1","kind":"Pod","name":"b","uid":"b","controller":true}]}}

### bad finalizer
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad","finalizers":["hold"]}}

### fields that the server sets
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"sets","uid":"11111111-1111-1111-1111-111111111111","creationTimestamp":"2001-01-01T00:00:00Z","generation":7,"selfLink":"/x","deletionTimestamp":"2001-01-01T00:00:00Z","deletionGracePeriodSeconds":5}}

### annotations too large
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad","annotations":{"a":"{x*262145}"}}}

### generateName too bad
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"ok","generateName":"Bad_"}}

### long generateName
POST /api/v1/namespaces/{ns}/configmaps

{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"ok","generateName":"{x*300}"}}

### delete the owner
DELETE /api/v1/namespaces/{ns}/configmaps/owner

### delete the owner again
DELETE /api/v1/namespaces/{ns}/configmaps/owner

### a finalizer more
PATCH+json /api/v1/namespaces/{ns}/configmaps/owner

[{"op":"add","path":"/metadata/finalizers/-","value":"example.com/more"}]

### change the dying
PATCH+merge /api/v1/namespaces/{ns}/configmaps/owner

{"data":{"a":"b"}}

### undo the deletion
PATCH+merge /api/v1/namespaces/{ns}/configmaps/owner

{"metadata":{"deletionTimestamp":null}}

### let it go
PATCH+merge /api/v1/namespaces/{ns}/configmaps/owner

{"metadata":{"finalizers":null}}

### it is gone
GET /api/v1/namespaces/{ns}/configmaps/owner

### delete in the foreground
DELETE /api/v1/namespaces/{ns}/configmaps/dependant?propagationPolicy=Foreground

### orphan what it has
DELETE /api/v1/namespaces/{ns}/configmaps/dependant?propagationPolicy=Orphan

### both ways at once
DELETE /api/v1/namespaces/{ns}/configmaps/dependant?propagationPolicy=Orphan&orphanDependents=true

### orphan, in the old way
DELETE /api/v1/namespaces/{ns}/configmaps/dependant

{"kind":"DeleteOptions","apiVersion":"v1","orphanDependents":true}

### options of another kind
DELETE /api/v1/namespaces/{ns}/configmaps/dependant

{"kind":"ConfigMap","apiVersion":"v1"}

### options with unknown fields
DELETE /api/v1/namespaces/{ns}/configmaps/dependant

{"kind":"DeleteOptions","apiVersion":"v1","frob":1}

### annotations by patch
PATCH+merge /api/v1/namespaces/{ns}/configmaps/dependant?fieldManager=annotator

{"metadata":{"annotations":{"a":"1"},"labels":{"l":"2"}}}

### change a uid
PATCH+merge /api/v1/namespaces/{ns}/configmaps/dependant

{"metadata":{"uid":"22222222-2222-2222-2222-222222222222"}}

### change the creation
PATCH+merge /api/v1/namespaces/{ns}/configmaps/dependant

{"metadata":{"creationTimestamp":"2001-01-01T00:00:00Z"}}

### managed fields that are none
PATCH+merge /api/v1/namespaces/{ns}/configmaps/dependant

{"metadata":{"managedFields":[{"manager":"m","operation":"Nothing","fieldsType":"X"}]}}

### managed fields without a type
PATCH+merge /api/v1/namespaces/{ns}/configmaps/dependant

{"metadata":{"managedFields":[{"manager":"m","operation":"Update","apiVersion":"v1","fieldsV1":{"f:data":{}}}]}}
